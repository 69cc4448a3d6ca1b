// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandQueueTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 8, 1000})
  void shouldHoldAsManyAsItsCapacity(int capacity) {
    CommandQueue queue = new CommandQueue(capacity);
    List<Runnable> offered = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      offered.clear();
      for (int i = 0; i < capacity; i++) {
        int number = i;
        Runnable command = () -> assertThat(number).isNotNegative();
        offered.add(command);
        assertThat(queue.offer(command)).isTrue();
      }
      assertThat(queue.offer(() -> {})).as("full").isFalse();
      assertThat(queue.waiting()).isEqualTo(capacity);
      for (Runnable command : offered) {
        assertThat(queue.isEmpty()).isFalse();
        assertThat(queue.poll()).isSameAs(command);
      }
      assertThat(queue.isEmpty()).isTrue();
      assertThat(queue.poll()).isNull();
    }
  }

  @Test
  void shouldLoseNothingAndKeepTheOrderOfEachThread() throws Exception {
    long seed = System.nanoTime();
    CommandQueue queue = new CommandQueue(13);
    int threads = 3;
    int each = 20_000;
    int[] last = new int[threads];
    int[] wrong = new int[1];
    List<Thread> producers = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int mine = t;
      Random random = new Random(seed + t);
      producers.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 1; i <= each; i++) {
                      int number = i;
                      Runnable command =
                          () -> {
                            wrong[0] += last[mine] == number - 1 ? 0 : 1;
                            last[mine] = number;
                          };
                      while (!queue.offer(command)) {
                        Thread.yield();
                      }
                      if (random.nextInt(100) == 0) {
                        Thread.yield();
                      }
                    }
                  }));
    }
    int ran = 0;
    long begunNs = System.nanoTime();
    while (ran < threads * each && System.nanoTime() - begunNs < Duration.ofSeconds(60).toNanos()) {
      assertThat(queue.waiting()).isBetween(0, 13);
      Runnable command = queue.poll();
      if (command == null) {
        Thread.yield();
      } else {
        command.run();
        ran++;
      }
    }
    assertThat(ran).as("seed %d", seed).isEqualTo(threads * each);
    assertThat(wrong[0]).as("out of order, seed %d", seed).isZero();
    for (Thread producer : producers) {
      assertThat(producer.join(Duration.ofSeconds(60))).isTrue();
    }
    assertThat(queue.isEmpty()).isTrue();
  }
}
