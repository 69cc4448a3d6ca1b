// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.CompletionQueue;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import java.lang.reflect.Proxy;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CompletionWaitTest {
  private long nowNs;
  private long stepNs;
  private boolean armed;
  private int waiting;
  private int sleeps;

  /** A queue of which only polling and arming is known. */
  private final CompletionQueue cq =
      (CompletionQueue)
          Proxy.newProxyInstance(
              CompletionQueue.class.getClassLoader(),
              new Class<?>[] {CompletionQueue.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "poll" -> poll((WorkCompletion[]) args[0]);
                    case "reqNotify" -> {
                      armed = true;
                      yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private int poll(WorkCompletion[] to) {
    if (waiting == 0) {
      return 0;
    }
    waiting--;
    to[0].set(7, WcStatus.SUCCESS, WcOpcode.SEND, 1, 0);
    return 1;
  }

  private final CompletionWait wait = new CompletionWait(cq, this::read, this::sleep);

  private long read() {
    return nowNs += stepNs;
  }

  /** The completion comes in the sleep; only who asked is told of it. */
  private void sleep(long timeoutNs) {
    sleeps++;
    waiting++;
    nowNs += armed ? 1000 : timeoutNs;
    armed = false;
  }

  @Test
  void shouldNeverSleepWithoutHavingAskedToBeTold() throws Exception {
    // However long the thread is stopped between one look at the clock and the next.
    for (stepNs = 1000; stepNs < 200_000; stepNs += 1000) {
      long beganNs = nowNs;
      assertThat(wait.next(() -> false, TimeUnit.SECONDS.toNanos(30))).isNotNull();
      assertThat(nowNs - beganNs).as("step of %d ns", stepNs).isLessThan(1_000_000);
    }
    assertThat(sleeps).isEqualTo(199);
  }

  @Test
  void shouldTakeWhatIsThereWithoutSleeping() throws Exception {
    waiting = 2;
    assertThat(wait.next(() -> false, 1)).isNotNull();
    assertThat(wait.poll()).isNotNull();
    assertThat(wait.poll()).isNull();
    assertThat(sleeps).isZero();
  }

  @Test
  void shouldEndWhenItIsOverOrTooLate() throws Exception {
    stepNs = 1000;
    assertThat(wait.next(() -> true, TimeUnit.SECONDS.toNanos(1))).isNull();
    assertThatThrownBy(() -> wait.next(() -> false, 0)).hasMessageContaining("within 0 s");
  }
}
