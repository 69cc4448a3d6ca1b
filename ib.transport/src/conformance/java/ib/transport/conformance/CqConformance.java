// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.AsyncEventType;
import ib.verbs.CompletionQueue;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The completion queues of one driver, between two hosts on loopback. */
public abstract class CqConformance extends QueueHosts {
  @Test
  void shouldTellTheOwnerOfAnOverrun() throws Exception {
    CompletionQueue small = right.hca.createCq(right.context, 2, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, small, small, 8, 8, 1, 1));
    b.made.push(small);
    b.made.push(to);
    connect(a, from, b, to);
    int entries = small.capacity();
    for (int i = 0; i <= entries; i++) {
      to.postRecv(b.receive(i, 0, 10));
    }
    for (int i = 0; i <= entries; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
    }
    Endpoint.await("CQ_ERR", () -> right.context.told(AsyncEventType.CQ_ERR, small));
    Endpoint.await("error", () -> to.state() == QpState.ERR);
    assertThat(small.poll(WorkCompletion.array(16))).as("what was in it").isEqualTo(entries);
  }

  @Test
  void shouldResizeWithEntriesInIt() throws Exception {
    CompletionQueue cq = right.hca.createCq(right.context, 8, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, 8, 64, 1, 1));
    b.made.push(cq);
    b.made.push(to);
    connect(a, from, b, to);
    int next = 0;
    int polled = 0;
    int[] sizes = {64, 8, 32, 16, 128, 8};
    for (int size : sizes) {
      // Six wait while the size changes, six come after.
      for (int i = 0; i < 6; i++, next++) {
        to.postRecv(b.receive(next, 0, 10));
        from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
        assertIs(a.next(), from, next, WcStatus.SUCCESS);
      }
      cq.resize(size);
      assertThat(cq.capacity()).isGreaterThanOrEqualTo(size);
      WorkCompletion[] wc = WorkCompletion.array(4);
      while (polled < next) {
        int n = cq.poll(wc);
        for (int i = 0; i < n; i++) {
          assertIs(wc[i], to, polled++, WcStatus.SUCCESS);
        }
        assertThat(n).as("entry %d", polled).isPositive();
      }
      for (int i = 0; i < 6; i++, next++) {
        to.postRecv(b.receive(next, 0, 10));
        from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
        assertIs(a.next(), from, next, WcStatus.SUCCESS);
      }
      while (polled < next) {
        int n = cq.poll(wc);
        for (int i = 0; i < n; i++) {
          assertIs(wc[i], to, polled++, WcStatus.SUCCESS);
        }
        assertThat(n).as("entry %d", polled).isPositive();
      }
    }
    assertThatThrownBy(() -> cq.resize(right.hca.query().maxCqe() + 1))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> cq.resize(0)).isInstanceOf(RdmaException.class);
    for (int i = 0; i < 6; i++, next++) {
      to.postRecv(b.receive(next, 0, 10));
      from.postSend(a.request(next, WrOpcode.SEND, 0, 10));
      assertIs(a.next(), from, next, WcStatus.SUCCESS);
    }
    assertThatThrownBy(() -> cq.resize(4))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("6");
    assertThat(cq.poll(WorkCompletion.array(16))).as("it stays as it was").isEqualTo(6);
  }

  @Test
  void shouldResizeWhileItIsFilledAndPolled() throws Exception {
    CompletionQueue cq = right.hca.createCq(right.context, 64, null);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, 8, 32, 1, 1));
    b.made.push(cq);
    b.made.push(to);
    connect(a, from, b, to);
    Set<Thread> resizers = new HashSet<>();
    AtomicInteger resized = new AtomicInteger();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    AtomicInteger stop = new AtomicInteger();
    resizers.add(
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; stop.get() == 0 && resized.get() < 30; i++) {
                    // Leaves the machine to those who fill and poll.
                    LockSupport.parkNanos(200_000);
                    try {
                      cq.resize(64 << (i & 3));
                      resized.incrementAndGet();
                    } catch (RdmaException e) {
                      // Entries of two sizes ago still wait: that is allowed.
                      Thread.onSpinWait();
                    } catch (RuntimeException e) {
                      failures.add(e);
                    }
                  }
                }));
    WorkCompletion[] wc = WorkCompletion.array(8);
    int total = 600;
    int posted = 0;
    int sent = 0;
    int got = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (got < total || resized.get() < 10) {
      // No more than the smallest size holds: overrunning it is another test's matter.
      while (posted < Math.min(total, got + 32)
          && to.postRecv(b.receive(posted, 0, 10)) == PostResult.OK) {
        posted++;
      }
      while (sent < posted
          && from.postSend(a.request(sent, WrOpcode.SEND, 0, 10)) == PostResult.OK) {
        sent++;
      }
      a.cq.poll(wc);
      for (int n = cq.poll(wc), i = 0; i < n; i++) {
        assertIs(wc[i], to, got++, WcStatus.SUCCESS);
      }
      assertThat(System.nanoTime()).as("got " + got).isLessThan(end);
      assertThat(failures).isEmpty();
    }
    stop.set(1);
    for (Thread resizer : resizers) {
      resizer.join(5000);
      assertThat(resizer.isAlive()).isFalse();
    }
  }

  @Test
  void shouldCallTheHandlerForSolicitedEntriesAndErrorsOnly() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    try (Side side = new Side(right, 64, cq -> calls.incrementAndGet())) {
      QueuePair from = a.qp(QpType.RC, null);
      QueuePair to = side.qp(QpType.RC, null);
      connect(a, from, side, to);
      for (int i = 0; i < 4; i++) {
        to.postRecv(side.receive(i, 0, 10));
      }
      side.cq.reqNotify(true);
      from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
      assertIs(side.next(), to, 0, WcStatus.SUCCESS);
      right.agent().call("a turn", () -> true, Duration.ofSeconds(5));
      assertThat(calls).hasValue(0);
      from.postSend(a.request(2, WrOpcode.SEND, 0, 10).solicited(true));
      assertIs(side.next(), to, 1, WcStatus.SUCCESS);
      Endpoint.await("solicited", () -> calls.get() == 1);
      // A request for all stays one for all.
      side.cq.reqNotify();
      side.cq.reqNotify(true);
      from.postSend(a.request(3, WrOpcode.SEND, 0, 10));
      assertIs(side.next(), to, 2, WcStatus.SUCCESS);
      Endpoint.await("all", () -> calls.get() == 2);
      side.cq.reqNotify(true);
      to.modify(new QpAttributes().state(QpState.ERR));
      assertIs(side.next(), to, 3, WcStatus.WR_FLUSH_ERR);
      Endpoint.await("error", () -> calls.get() == 3);
    }
  }
}
