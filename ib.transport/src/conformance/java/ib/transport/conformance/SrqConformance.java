// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.PortCounter;
import ib.verbs.AsyncEventType;
import ib.verbs.DeviceCapFlags;
import ib.verbs.DeviceCapabilities;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shared receive queues of one driver, between two hosts on loopback. */
public abstract class SrqConformance extends QueueHosts {
  @Test
  void shouldShareReceivesBetweenQueuePairs() throws Exception {
    SharedReceiveQueue srq = b.srq(40, 0);
    List<QueuePair> from = new ArrayList<>();
    List<QueuePair> to = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      from.add(a.qp(QpType.RC, null));
      to.add(b.qp(QpType.RC, srq));
      connect(a, from.get(i), b, to.get(i));
    }
    int messages = 600;
    int posted = 0;
    while (srq.postRecv(b.receive(posted % 40, posted % 40 * 1000, 1000)) == PostResult.OK) {
      posted++;
    }
    assertThat(posted).as("all that were asked for, and no more").isEqualTo(40);
    a.fill(0, 1000, 1);
    int sent = 0;
    int received = 0;
    int acknowledged = 0;
    WorkCompletion[] wc = WorkCompletion.array(16);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    int[] byQp = new int[3];
    while (received < messages || acknowledged < messages) {
      while (sent < messages
          && sent - acknowledged < 48
          && from.get(sent % 3).postSend(a.request(sent, WrOpcode.SEND, 0, 1000))
              == PostResult.OK) {
        sent++;
      }
      for (int n = a.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        acknowledged++;
      }
      for (int n = b.cq.poll(wc), i = 0; i < n; i++) {
        assertThat(wc[i].status()).isEqualTo(WcStatus.SUCCESS);
        assertThat(wc[i].byteLength()).isEqualTo(1000);
        int slot = (int) wc[i].wrId();
        assertThat(b.holds(slot * 1000, 1000, 1)).isTrue();
        b.memory.segment().asSlice(slot * 1000L, 1000).fill((byte) 0);
        for (int q = 0; q < 3; q++) {
          byQp[q] += wc[i].qpn() == to.get(q).qpn() ? 1 : 0;
        }
        received++;
        assertThat(srq.postRecv(b.receive(slot, slot * 1000, 1000))).isEqualTo(PostResult.OK);
      }
      assertThat(System.nanoTime()).as("received " + received).isLessThan(end);
    }
    assertThat(byQp).containsExactly(messages / 3, messages / 3, messages / 3);
  }

  @Test
  void shouldAnswerNotReadyWhileASharedQueueIsEmpty() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    Endpoint.await("RNR NAK", () -> right.port.counter(PortCounter.SEND_RNR_ERR) > 0);
    assertThat(srq.postRecv(b.receive(2, 0, 10))).isEqualTo(PostResult.OK);
    assertIs(b.next(), to, 2, WcStatus.SUCCESS);
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
  }

  @Test
  void shouldTellOnceWhenTheLimitIsReached() throws Exception {
    SharedReceiveQueue srq = b.srq(8, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    assertThatThrownBy(() -> srq.modify(9)).isInstanceOf(RdmaException.class);
    assertThat(srq.query()).isEqualTo(new SrqInitAttributes(8, 2, 0));
    for (int i = 0; i < 8; i++) {
      srq.postRecv(b.receive(i, 0, 10));
    }
    srq.modify(6);
    assertThat(srq.query().srqLimit()).isEqualTo(6);
    for (int i = 0; i < 2; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      b.next();
    }
    assertThat(right.context.told(AsyncEventType.SRQ_LIMIT_REACHED, srq)).isFalse();
    for (int i = 2; i < 5; i++) {
      from.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      b.next();
    }
    Endpoint.await("limit", () -> right.context.told(AsyncEventType.SRQ_LIMIT_REACHED, srq));
    assertThat(srq.query().srqLimit()).as("off again").isZero();
    srq.modify(8);
    from.postSend(a.request(5, WrOpcode.SEND, 0, 10));
    b.next();
    Endpoint.await(
        "limit again", () -> right.context.times(AsyncEventType.SRQ_LIMIT_REACHED, srq) == 2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLeaveReceivesToOthersWhenAQueuePairGoesIntoError(boolean close) throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    QueuePair otherFrom = a.qp(QpType.RC, null);
    QueuePair otherTo = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    connect(a, otherFrom, b, otherTo);
    for (int i = 0; i < 4; i++) {
      srq.postRecv(b.receive(i, 0, 10));
    }
    // Too long for a receive: both ends go into error, the receive is completed so.
    from.postSend(a.request(1, WrOpcode.SEND, 0, 20));
    assertIs(b.next(), to, 0, WcStatus.LOC_LEN_ERR);
    Endpoint.await("last", () -> right.context.told(AsyncEventType.QP_LAST_WQE_REACHED, to));
    Endpoint.await("fatal", () -> right.context.told(AsyncEventType.QP_FATAL, to));
    if (close) {
      to.close();
    } else {
      to.modify(new QpAttributes().state(QpState.RESET));
    }
    a.next();
    for (int i = 1; i < 4; i++) {
      otherFrom.postSend(a.request(i, WrOpcode.SEND, 0, 10));
      assertIs(b.next(), otherTo, i, WcStatus.SUCCESS);
    }
    for (int i = 0; i < 4; i++) {
      assertThat(srq.postRecv(b.receive(i, 0, 10))).isEqualTo(PostResult.OK);
    }
    assertThat(srq.postRecv(b.receive(9, 0, 10))).isEqualTo(PostResult.QUEUE_FULL);
  }

  @Test
  void shouldNotLoseReceivesOfAQueuePairThatIsResetOrClosedUnpolled() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    for (int round = 0; round < 8; round++) {
      QueuePair from = a.qp(QpType.RC, null);
      QueuePair to = b.qp(QpType.RC, srq);
      connect(a, from, b, to);
      assertThat(srq.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.OK);
      from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
      assertIs(a.next(), from, 1, WcStatus.SUCCESS);
      // Its completion is in the queue, not polled, when the queue pair goes.
      if (round % 2 == 0) {
        to.modify(new QpAttributes().state(QpState.RESET));
      }
      to.close();
      b.cq.poll(b.one);
    }
    for (int i = 0; i < 4; i++) {
      assertThat(srq.postRecv(b.receive(i, 0, 10))).isEqualTo(PostResult.OK);
    }
  }

  @Test
  void shouldNotTakeWhatAClosedSharedQueueLeftForAnotherWithItsNumber() throws Exception {
    SharedReceiveQueue before = b.pd.createSrq(new SrqInitAttributes(1, 2, 0));
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to =
        b.pd.createQp(new QpInitAttributes(QpType.RC, b.cq, b.cq, 64, 64, 2, 2).withSrq(before));
    connect(a, from, b, to);
    assertThat(before.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.OK);
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
    to.close();
    before.close();
    // Numbers are given in turn: the one after all others has that of the first.
    for (int i = 1; i < right.hca.query().capabilities().maxSrq(); i++) {
      b.pd.createSrq(new SrqInitAttributes(1, 1, 0)).close();
    }
    SharedReceiveQueue after = b.srq(1, 0);
    assertThat(after.postRecv(b.receive(2, 0, 10))).isEqualTo(PostResult.OK);
    assertThat(b.cq.poll(b.one)).isZero();
    assertThat(after.postRecv(b.receive(3, 0, 10))).isEqualTo(PostResult.QUEUE_FULL);
  }

  @Test
  void shouldGuardASharedReceiveQueue() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair qp = b.qp(QpType.RC, srq);
    assertThat(qp.postRecv(b.receive(1, 0, 10))).isEqualTo(PostResult.BAD_STATE);
    assertThatThrownBy(srq::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("qp 0x");
    RecvWr tooMany = b.receive(1, 0, 1);
    tooMany.sges().add(b.address, 1, b.all.lkey());
    tooMany.sges().add(b.address, 1, b.all.lkey());
    assertThatThrownBy(() -> srq.postRecv(tooMany)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> a.qp(QpType.RC, srq))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("same device");
    DeviceCapabilities can = right.hca.query().capabilities();
    assertThat(can.maxSrq()).isPositive();
    assertThatThrownBy(() -> b.pd.createSrq(new SrqInitAttributes(can.maxSrqWr() + 1, 1, 0)))
        .isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> b.pd.createSrq(new SrqInitAttributes(1, can.maxSrqSge() + 1, 0)))
        .isInstanceOf(RdmaException.class);
    qp.close();
    srq.close();
    assertThat(srq.postRecv(b.receive(1, 0, 1))).isEqualTo(PostResult.BAD_STATE);
    assertThatThrownBy(() -> srq.modify(1)).isInstanceOf(RdmaException.class);
  }

  @Test
  void shouldResizeASharedReceiveQueueWhereTheDeviceCan() throws Exception {
    SharedReceiveQueue srq = b.srq(4, 0);
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, srq);
    connect(a, from, b, to);
    DeviceCapabilities can = right.hca.query().capabilities();
    if ((can.deviceCapFlags() & DeviceCapFlags.SRQ_RESIZE) == 0) {
      assertThatThrownBy(() -> srq.resize(8))
          .isInstanceOf(NotSupportedException.class)
          .hasMessageContaining("SRQ_RESIZE");
      assertThat(srq.query().maxWr()).isEqualTo(4);
      return;
    }
    int id = postAll(srq, 0);
    assertThat(id).isEqualTo(4);
    srq.resize(50);
    assertThat(srq.query().maxWr()).isEqualTo(50);
    id = postAll(srq, id);
    assertThat(id).isEqualTo(50);
    assertThatThrownBy(() -> srq.resize(49))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("give 50 or more");
    assertThatThrownBy(() -> srq.resize(can.maxSrqWr() + 1)).isInstanceOf(RdmaException.class);
    assertThatThrownBy(() -> srq.resize(0)).isInstanceOf(RdmaException.class);
    // Taken in the order in which they were posted, whatever the size was then.
    receive(from, to, 0, 40);
    srq.resize(10);
    assertThat(postAll(srq, id)).isEqualTo(id);
    receive(from, to, 40, 41);
    id = postAll(srq, id);
    assertThat(id).isEqualTo(51);
    srq.modify(8);
    assertThatThrownBy(() -> srq.resize(7)).isInstanceOf(RdmaException.class);
    srq.modify(0);
    // Grown and shrunk under way, each receive still serves one message.
    for (int round = 1; round <= 20; round++) {
      srq.resize(round % 2 == 0 ? 10 : 10 + round);
      id = postAll(srq, id);
      int first = id - srq.query().maxWr();
      receive(from, to, first, round % 2 == 0 ? id : first + round);
    }
    assertThat(srq.query().maxWr()).isEqualTo(10);
  }

  /** Posts receives until the queue is full; the id of the next. */
  private int postAll(SharedReceiveQueue srq, int firstId) {
    int id = firstId;
    while (srq.postRecv(b.receive(id, id % 64 * 1000, 1000)) == PostResult.OK) {
      id++;
    }
    return id;
  }

  /** Sends messages, which take the receives of these ids. */
  private void receive(QueuePair from, QueuePair to, int firstId, int endId) {
    for (int id = firstId; id < endId; id++) {
      a.fill(0, 100, id);
      assertThat(from.postSend(a.request(id, WrOpcode.SEND, 0, 100))).isEqualTo(PostResult.OK);
      assertIs(a.next(), from, id, WcStatus.SUCCESS);
      assertIs(b.next(), to, id, WcStatus.SUCCESS);
      assertThat(b.holds(id % 64 * 1000, 100, id)).isTrue();
    }
  }
}
