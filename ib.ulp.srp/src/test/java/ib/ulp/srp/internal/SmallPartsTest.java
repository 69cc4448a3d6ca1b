// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SmallPartsTest {
  @Test
  void shouldComeBackFastFirstAndThenByLinuxRule() {
    long delay = TimeUnit.SECONDS.toNanos(10);
    ReconnectBackoff backoff = new ReconnectBackoff(delay);
    assertThat(backoff.onFailure()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
    assertThat(backoff.onFailure()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(40));
    for (int failure = 3; failure <= 10; failure++) {
      backoff.onFailure();
    }
    assertThat(backoff.onFailure()).isEqualTo(delay);
    assertThat(backoff.onFailure()).isEqualTo(2 * delay);
    for (int failure = 13; failure < 200; failure++) {
      backoff.onFailure();
    }
    assertThat(backoff.onFailure()).isEqualTo(100 * delay);
    backoff.onSuccess();
    assertThat(backoff.onFailure()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
  }

  @Test
  void shouldNotComeBackByTimeWhenReconnectingIsOff() {
    assertThat(new ReconnectBackoff(-1).onFailure()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldKeepTheLastCreditForTaskManagement() {
    RequestLimit limit = new RequestLimit();
    limit.start(2);
    assertThat(limit.takeForCommand()).isTrue();
    assertThat(limit.takeForCommand()).isFalse();
    assertThat(limit.takeForTask()).isTrue();
    assertThat(limit.takeForTask()).isFalse();
    limit.add(2);
    assertThat(limit.takeForCommand()).isTrue();
    limit.giveBack();
    limit.add(-1);
    assertThat(limit.takeForCommand()).isFalse();
  }

  @Test
  void shouldNotWrapHoweverMuchCreditIsGivenOrTaken() {
    RequestLimit limit = new RequestLimit();
    limit.start(2);
    for (int i = 0; i < 3; i++) {
      limit.add(Integer.MAX_VALUE);
      limit.giveBack();
    }
    assertThat(limit.takeForCommand()).isTrue();
    for (int i = 0; i < 3; i++) {
      limit.add(Integer.MIN_VALUE);
    }
    assertThat(limit.takeForTask()).isFalse();
  }

  @Test
  void shouldGiveEachFreeSlotOnceAndTheOneGivenLastAtTheEnd() {
    FreeSlots free = new FreeSlots(66);
    assertThat(IntStream.range(0, 66).map(i -> free.take()))
        .containsExactlyElementsOf(IntStream.range(0, 66).boxed().toList());
    assertThat(free.take()).isEqualTo(FreeSlots.NONE);
    free.give(65);
    free.give(3);
    assertThat(free.take()).isEqualTo(3);
    free.give(3);
    assertThat(free.take()).isEqualTo(65);
    assertThat(free.take()).isEqualTo(3);
    assertThat(free.take()).isEqualTo(FreeSlots.NONE);
  }

  /** A ring of free slots lost one whenever a thread stopped in the middle of taking another. */
  @Test
  void shouldLoseNoSlotBetweenThreads() throws InterruptedException {
    FreeSlots free = new FreeSlots(4);
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          new Thread(
              () -> {
                for (int i = 0; i < 1_000_000; i++) {
                  int slot = free.take();
                  if (slot != FreeSlots.NONE) {
                    free.give(slot);
                  }
                }
              });
      threads[t].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(IntStream.range(0, 4).map(i -> free.take())).containsExactlyInAnyOrder(0, 1, 2, 3);
  }

  @Test
  void shouldPutBrokenRequestsBeforeWaitingOnes() {
    HoldQueue queue = new HoldQueue(4);
    queue.addLast(7);
    queue.addFirst(5);
    queue.addFirst(3);
    queue.addLast(9);
    assertThatThrownBy(() -> queue.addLast(1)).isInstanceOf(IllegalStateException.class);
    assertThat(
            new int[] {
              queue.removeFirst(), queue.removeFirst(), queue.removeFirst(), queue.removeFirst()
            })
        .containsExactly(3, 5, 7, 9);
    assertThat(queue.isEmpty()).isTrue();
    assertThatThrownBy(queue::first).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldRefuseWhatARingHasNoRoomFor() {
    IntRing ring = new IntRing(4);
    for (int i = 0; i < 4; i++) {
      assertThat(ring.offer(i)).isTrue();
    }
    assertThat(ring.offer(9)).isFalse();
    assertThat(ring.poll()).isZero();
    assertThat(ring.offer(4)).isTrue();
    for (int i = 1; i <= 4; i++) {
      assertThat(ring.poll()).isEqualTo(i);
    }
    assertThat(ring.poll()).isEqualTo(IntRing.EMPTY);
  }

  @Test
  void shouldPassEachNumberOnceBetweenThreads() throws InterruptedException {
    IntRing ring = new IntRing(8);
    int each = 20_000;
    AtomicLong sum = new AtomicLong();
    AtomicInteger taken = new AtomicInteger();
    Thread[] threads = new Thread[4];
    for (int t = 0; t < 2; t++) {
      threads[t] =
          new Thread(
              () -> {
                for (int i = 1; i <= each; i++) {
                  while (!ring.offer(i)) {
                    Thread.yield(); // one core may have to run all of them
                  }
                }
              });
      threads[t + 2] =
          new Thread(
              () -> {
                while (taken.get() < 2 * each) {
                  int value = ring.poll();
                  if (value != IntRing.EMPTY) {
                    sum.addAndGet(value);
                    taken.incrementAndGet();
                  } else {
                    Thread.yield();
                  }
                }
              });
    }
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(sum.get()).isEqualTo((long) each * (each + 1));
  }

  @Test
  void shouldRunTheStepOnOneThreadAndNeverMissASignal() throws InterruptedException {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    AtomicInteger wanted = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    AtomicInteger wakes = new AtomicInteger();
    DriveToken token =
        new DriveToken(
            () -> {
              if (inside.incrementAndGet() != 1) {
                overlaps.incrementAndGet();
              }
              seen.set(wanted.get());
              inside.decrementAndGet();
            },
            wakes::incrementAndGet);
    Thread[] threads = new Thread[3];
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          new Thread(
              () -> {
                for (int i = 0; i < 50_000; i++) {
                  wanted.incrementAndGet();
                  token.signal();
                  token.takeOver();
                }
              });
      threads[t].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    token.takeOver();
    assertThat(overlaps).hasValue(0);
    assertThat(seen).hasValue(150_000);
  }

  @Test
  void shouldHandOverAStepThatAlwaysHasMoreToDo() {
    AtomicInteger rounds = new AtomicInteger();
    AtomicInteger wakes = new AtomicInteger();
    DriveToken[] token = new DriveToken[1];
    token[0] =
        new DriveToken(
            () -> {
              if (rounds.incrementAndGet() < 100) {
                token[0].signal();
              }
            },
            wakes::incrementAndGet);
    token[0].signal();
    assertThat(wakes).hasValue(1);
    assertThat(rounds).hasValueLessThan(100);
    token[0].takeOver();
    assertThat(rounds).hasValue(100);
  }

  @Test
  void shouldMakeASecondEndOfASlotImpossible() {
    RequestSlot slot = new RequestSlot(3, 1);
    ib.block.BlockRequest request = new ib.block.BlockRequest(1);
    slot.begin(request);
    assertThat(slot.end()).isSameAs(request);
    assertThat(slot.end()).isNull();
    assertThat(RequestSlot.indexOf(RequestSlot.tagOf(77, 3))).isEqualTo(3);
  }
}
