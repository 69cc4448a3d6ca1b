// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import static org.assertj.core.api.Assertions.assertThat;

import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventDeliveryTest {
  private final Queue<Runnable> submitted = new ArrayDeque<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final EventDelivery delivery =
      new EventDelivery(
          submitted::add,
          new Reporter() {
            @Override
            public void info(String message) {}

            @Override
            public void warn(String message, @Nullable Throwable cause) {
              warnings.add(message);
            }
          });

  private void add(String detail) {
    delivery.add(new AsyncEvent(AsyncEventType.PORT_ERR, null, detail));
  }

  private void run() {
    for (Runnable task = submitted.poll(); task != null; task = submitted.poll()) {
      task.run();
    }
  }

  @Test
  void shouldTellInOrderOnAThreadOfItsOwn() {
    delivery.setHandler(event -> told.add(event.detail()));
    add("1");
    add("2");
    assertThat(told).as("not in the caller's thread").isEmpty();
    assertThat(submitted).hasSize(1);
    run();
    add("3");
    run();
    assertThat(told).containsExactly("1", "2", "3");
  }

  @Test
  void shouldGoOnAfterAHandlerThatThrows() {
    delivery.setHandler(
        event -> {
          told.add(event.detail());
          throw new IllegalStateException("on purpose");
        });
    add("1");
    add("2");
    run();
    assertThat(told).containsExactly("1", "2");
    assertThat(warnings).hasSize(2);
  }

  @Test
  void shouldDropWhatNobodyWantsToHear() {
    add("before");
    delivery.setHandler(event -> told.add(event.detail()));
    add("1");
    delivery.setHandler(null);
    run();
    add("after");
    run();
    assertThat(told).isEmpty();
  }

  @Test
  void shouldBoundWhatWaitsAndSayOnceThatEventsAreLost() {
    delivery.setHandler(event -> told.add(event.detail()));
    for (int i = 0; i < 5000; i++) {
      add("event " + i);
    }
    assertThat(warnings).hasSize(1).first().asString().contains("event 4096");
    run();
    assertThat(told).hasSize(4096).first().isEqualTo("event 0");
    add("later");
    run();
    assertThat(told).last().isEqualTo("later");
  }
}
