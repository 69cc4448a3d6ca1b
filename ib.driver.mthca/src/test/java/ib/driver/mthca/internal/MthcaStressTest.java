// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import ib.verbs.PostResult;
import ib.verbs.QpType;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Races and rates. */
class MthcaStressTest {
  private static final long WAIT_NS = 30_000_000_000L;

  /** Longest time until all that a message needs is compiled. */
  private static final long COMPILED_NS = 120_000_000_000L;

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void shouldLoseNoWakeUpWhateverTheTiming(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Semaphore called = new Semaphore(0);
    try (Node node = new Node("mthca0", "127.23.4.1");
        Link sender = new Link(node, QpType.RC);
        Link receiver = new Link(node, QpType.RC, 64, cq -> called.release())) {
      Link.connect(sender, receiver);
      WorkCompletion[] wc = WorkCompletion.array(4);
      SendWr wr = new SendWr();
      receiver.receive(0, 0, 0);
      for (int i = 0; i < 1500; i++) {
        wr.reset(i, WrOpcode.SEND).signaled(random.nextInt(4) == 0);
        assertThat(sender.qp.postSend(wr)).as("seed %d round %d", seed, i).isEqualTo(PostResult.OK);
        for (int n = 0; n == 0; ) {
          pause(random);
          receiver.cq.reqNotify();
          pause(random);
          n = receiver.cq.poll(wc);
          if (n == 0) {
            assertThat(called.tryAcquire(30, TimeUnit.SECONDS))
                .as("seed %d: call in round %d", seed, i)
                .isTrue();
          }
        }
        assertThat(wc[0].wrId()).as("seed %d", seed).isEqualTo(i);
        receiver.receive(i + 1, 0, 0);
        sender.cq.poll(wc);
      }
    }
  }

  private static void pause(SplittableRandom random) {
    int kind = random.nextInt(8);
    if (kind == 0) {
      LockSupport.parkNanos(random.nextInt(100_000));
    } else if (kind < 4) {
      for (int i = random.nextInt(2_000); i > 0; i--) {
        Thread.yield();
      }
    }
  }

  /** A completion names the slot of its entry, which is one of many positions. */
  @Test
  void shouldGoOnHoweverManySendsGoWithoutACompletion() throws Exception {
    try (Node node = new Node("mthca0", "127.23.4.3");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      for (int i = 1; i <= 20 * Link.SIZE; i++) {
        boolean signaled = i % (5 * Link.SIZE) == 0;
        SendWr wr = a.wr(i, WrOpcode.RDMA_WRITE).remote(0, b.mr.rkey()).signaled(signaled);
        long endNs = System.nanoTime() + WAIT_NS;
        while (a.qp.postSend(wr) == PostResult.QUEUE_FULL) {
          assertThat(System.nanoTime() - endNs).as("send %d", i).isNegative();
          Thread.yield();
        }
        if (signaled) {
          a.next(i, WcStatus.SUCCESS);
        }
      }
    }
  }

  @Test
  void shouldAllocateNothingToPostAndPoll() throws Exception {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Node node = new Node("mthca0", "127.23.4.2");
        Link a = new Link(node, QpType.RC);
        Link b = new Link(node, QpType.RC)) {
      Link.connect(a, b);
      WorkCompletion[] wc = WorkCompletion.array(4);
      SendWr wr = new SendWr();
      // Until it is compiled, which takes long on a busy machine, the JVM itself allocates: what
      // counts is that some window has nothing.
      long perMessage = Long.MAX_VALUE;
      long endNs = System.nanoTime() + COMPILED_NS;
      while (perMessage > 0 && System.nanoTime() - endNs < 0) {
        long before = threads.getCurrentThreadAllocatedBytes();
        exchange(a, b, wr, wc, 2_000);
        perMessage = (threads.getCurrentThreadAllocatedBytes() - before) / 2_000;
      }
      assertThat(perMessage).isZero();
    }
  }

  private static void exchange(Link a, Link b, SendWr wr, WorkCompletion[] wc, int rounds) {
    for (int i = 0; i < rounds; i++) {
      wr.reset(i, WrOpcode.RDMA_WRITE).remote(0, b.mr.rkey());
      if (a.qp.postSend(wr) != PostResult.OK) {
        throw new AssertionError("round " + i);
      }
      long endNs = System.nanoTime() + WAIT_NS;
      while (a.cq.poll(wc) == 0) {
        a.cq.reqNotify();
        if (System.nanoTime() - endNs > 0) {
          throw new AssertionError("waited too long in round " + i);
        }
        Thread.yield();
      }
    }
  }
}
