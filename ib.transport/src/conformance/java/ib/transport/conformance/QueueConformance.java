// SPDX-License-Identifier: Apache-2.0
package ib.transport.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.verbs.AsyncEventType;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SendWr;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The states and services of one driver's queue pairs, between two hosts on loopback. */
public abstract class QueueConformance extends QueueHosts {
  // Unreliable connections.

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 4097, 50_000})
  void shouldSendAndWriteOverAnUnreliableConnection(int bytes) throws Exception {
    QueuePair from = a.qp(QpType.UC, null);
    QueuePair to = b.qp(QpType.UC, null);
    connect(a, from, b, to);
    assertThat(from.type()).isEqualTo(QpType.UC);
    a.fill(0, bytes, 3);
    to.postRecv(b.receive(1, 0, bytes));
    to.postRecv(b.receive(2, 0, 0));
    from.postSend(a.request(10, WrOpcode.SEND_WITH_IMM, 0, bytes).immediate(5));
    assertIs(a.next(), from, 10, WcStatus.SUCCESS);
    WorkCompletion wc = b.next();
    assertIs(wc, to, 1, WcStatus.SUCCESS);
    assertThat(wc.byteLength()).isEqualTo(bytes);
    assertThat(wc.immediate()).isEqualTo(5);
    assertThat(b.holds(0, bytes, 3)).isTrue();
    a.fill(0, bytes, 4);
    from.postSend(
        a.request(11, WrOpcode.RDMA_WRITE_WITH_IMM, 0, bytes)
            .remote(b.address + 100_000, b.all.rkey())
            .immediate(6));
    assertIs(a.next(), from, 11, WcStatus.SUCCESS);
    wc = b.next();
    assertIs(wc, to, 2, WcStatus.SUCCESS);
    assertThat(wc.opcode()).isEqualTo(WcOpcode.RECV_RDMA_WITH_IMM);
    assertThat(b.holds(100_000, bytes, 4)).isTrue();
    QpAttributes known = from.query();
    assertThat(known.state()).isEqualTo(QpState.RTS);
    assertThat(known.destQpn()).isEqualTo(to.qpn());
  }

  @ParameterizedTest
  @EnumSource(names = {"UC", "UD"})
  void shouldPutAnUnreliableSendQueueIntoSqeAndTakeItOutAgain(QpType type) throws Exception {
    QueuePair from = a.qp(type, null);
    QueuePair to = b.qp(type, null);
    if (type == QpType.UC) {
      connect(a, from, b, to);
    } else {
      datagrams(from);
      datagrams(to);
    }
    SendWr bad = new SendWr().reset(1, WrOpcode.SEND);
    bad.sges().add(a.address, 10, a.all.lkey() ^ 1);
    SendWr good = a.request(2, WrOpcode.SEND, 0, 10);
    if (type == QpType.UD) {
      bad.datagram(right.port.address(), to.qpn(), QKEY);
      good.datagram(right.port.address(), to.qpn(), QKEY);
    }
    from.postSend(bad);
    assertIs(a.next(), from, 1, WcStatus.LOC_PROT_ERR);
    Endpoint.await("SQE", () -> from.state() == QpState.SQE);
    assertThat(from.postSend(good)).isEqualTo(PostResult.OK);
    assertIs(a.next(), from, 2, WcStatus.WR_FLUSH_ERR);
    assertThat(from.query().state()).isEqualTo(QpState.SQE);
    from.modify(new QpAttributes().state(QpState.RTS));
    to.postRecv(b.receive(3, 0, 100));
    from.postSend(good);
    assertIs(a.next(), from, 2, WcStatus.SUCCESS);
    assertIs(b.next(), to, 3, WcStatus.SUCCESS);
  }

  @Test
  void shouldDrainTheSendQueueAndTell() throws Exception {
    QueuePair from = a.qp(QpType.RC, null);
    QueuePair to = b.qp(QpType.RC, null);
    connect(a, from, b, to);
    // No receive yet: the request stays in progress.
    from.postSend(a.request(1, WrOpcode.SEND, 0, 10));
    from.modify(new QpAttributes().state(QpState.SQD).sqdAsyncNotify(true));
    assertThat(from.postSend(a.request(2, WrOpcode.SEND, 0, 10))).isEqualTo(PostResult.OK);
    to.postRecv(b.receive(3, 0, 10));
    to.postRecv(b.receive(4, 0, 10));
    Endpoint.await("drained", () -> left.context.told(AsyncEventType.SQ_DRAINED, from));
    assertThat(from.query().state()).isEqualTo(QpState.SQD);
    from.modify(new QpAttributes().retryCount(5).timeoutCode(17));
    from.modify(new QpAttributes().state(QpState.RTS));
    assertIs(a.next(), from, 1, WcStatus.SUCCESS);
    assertIs(a.next(), from, 2, WcStatus.SUCCESS);
    assertThat(from.query().retryCount()).isEqualTo(5);
  }

  @ParameterizedTest
  @EnumSource(names = {"RC", "UC"})
  void shouldTellOfTheFirstPacketInRtr(QpType type) throws Exception {
    QueuePair from = a.qp(type, null);
    QueuePair to = b.qp(type, null);
    toRts(from, b, to);
    toRtr(to, a, from);
    to.postRecv(b.receive(1, 0, 10));
    to.postRecv(b.receive(2, 0, 10));
    from.postSend(a.request(3, WrOpcode.SEND, 0, 10));
    Endpoint.await("COMM_EST", () -> right.context.told(AsyncEventType.COMM_EST, to));
    assertIs(b.next(), to, 1, WcStatus.SUCCESS);
    toRtsFromRtr(to);
    from.postSend(a.request(4, WrOpcode.SEND, 0, 10));
    assertIs(b.next(), to, 2, WcStatus.SUCCESS);
    assertThat(left.context.told(AsyncEventType.COMM_EST, from)).isFalse();
  }

  // Multicast.

  @Test
  void shouldGiveEveryQueuePairOfAGroupACopyAndNoneAfterItLeft() throws Exception {
    InetAddress group = InetAddress.ofLiteral("239.22.1.7");
    QueuePair sender = a.qp(QpType.UD, null);
    QueuePair mine = a.qp(QpType.UD, null);
    QueuePair first = b.qp(QpType.UD, null);
    QueuePair second = b.qp(QpType.UD, null);
    for (QueuePair qp : new QueuePair[] {sender, mine, first, second}) {
      datagrams(qp);
    }
    first.attachMcast(group);
    first.attachMcast(group);
    second.attachMcast(group);
    mine.attachMcast(group);
    a.fill(0, 1000, 9);
    mine.postRecv(a.receive(1, 200_000, 1040));
    first.postRecv(b.receive(2, 100_000, 1040));
    second.postRecv(b.receive(3, 300_000, 1040));
    sender.postSend(
        a.request(4, WrOpcode.SEND, 0, 1000).datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < 2; i++) {
      WorkCompletion wc = b.next();
      assertThat(wc.status()).isEqualTo(WcStatus.SUCCESS);
      assertThat(wc.byteLength()).isEqualTo(1040);
      assertThat(wc.srcQpn()).isEqualTo(sender.qpn());
      ids.add(wc.wrId());
    }
    assertThat(ids).containsExactlyInAnyOrder(2L, 3L);
    assertThat(b.holds(100_040, 1000, 9)).isTrue();
    assertThat(b.holds(300_040, 1000, 9)).isTrue();
    ids.clear();
    ids.add(a.next().wrId());
    ids.add(a.next().wrId());
    assertThat(ids).as("the sender's own host has a copy too").containsExactlyInAnyOrder(1L, 4L);
    // The one that left gets nothing any more, the other does.
    second.detachMcast(group);
    assertThatThrownBy(() -> second.detachMcast(group)).isInstanceOf(RdmaException.class);
    second.postRecv(b.receive(5, 300_000, 1040));
    first.postRecv(b.receive(6, 100_000, 1040));
    sender.postSend(
        a.request(7, WrOpcode.SEND, 0, 1000).datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    assertIs(b.next(), first, 6, WcStatus.SUCCESS);
    assertThat(b.cq.poll(b.one)).isZero();
    // A reset does not end the membership.
    first.modify(new QpAttributes().state(QpState.RESET));
    datagrams(first);
    first.postRecv(b.receive(8, 100_000, 1040));
    sender.postSend(
        a.request(9, WrOpcode.SEND, 0, 1000).datagram(group, QueuePair.MULTICAST_QPN, QKEY));
    assertIs(b.next(), first, 8, WcStatus.SUCCESS);
  }

  @Test
  void shouldRefuseMulticastWhereItCanNotBe() throws Exception {
    InetAddress group = InetAddress.ofLiteral("239.22.1.8");
    QueuePair datagram = a.qp(QpType.UD, null);
    datagrams(datagram);
    for (QpType type : new QpType[] {QpType.RC, QpType.UC}) {
      QueuePair qp = a.qp(type, null);
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(0));
      assertThatThrownBy(() -> qp.attachMcast(group)).isInstanceOf(NotSupportedException.class);
    }
    assertThatThrownBy(() -> datagram.attachMcast(InetAddress.ofLiteral("10.1.2.3")))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("224.0.0.0/4");
    assertThat(left.hca.query().capabilities().maxMcastGrp()).isPositive();
  }

  // Events of the port.

  @Test
  void shouldTellWhenThePortGoesDownAndComesUp() throws Exception {
    left.setLink(false);
    Endpoint.await("down", () -> left.context.events().contains(AsyncEventType.PORT_ERR));
    assertThat(left.hca.portUp()).isFalse();
    // The hardware works; core itself waits for the port. A probe that fails is for good.
    assertThatCode(() -> left.hca.probe()).doesNotThrowAnyException();
    left.setLink(true);
    Endpoint.await("up", () -> left.context.events().contains(AsyncEventType.PORT_ACTIVE));
    assertThat(left.hca.portUp()).isTrue();
    assertThat(right.context.events()).isEmpty();
  }

  // Two devices on one port.

  @ParameterizedTest
  @EnumSource
  void shouldLetTwoDevicesOfOnePortTalkToEachOther(QpType type) throws Exception {
    HcaHost second = left.secondDevice();
    Side other = new Side(second, 64, null);
    try {
      QueuePair from = a.qp(type, null);
      QueuePair to = other.qp(type, null);
      int grh = type == QpType.UD ? 40 : 0;
      if (type == QpType.UD) {
        datagrams(from);
        datagrams(to);
      } else {
        connect(a, from, other, to);
      }
      a.fill(0, 3000, 5);
      to.postRecv(other.receive(1, 0, 3040));
      SendWr there = a.request(2, WrOpcode.SEND, 0, 3000);
      from.postSend(there.datagram(left.port.address(), to.qpn(), QKEY));
      assertIs(other.next(), to, 1, WcStatus.SUCCESS);
      assertThat(other.holds(grh, 3000, 5)).isTrue();
      assertIs(a.next(), from, 2, WcStatus.SUCCESS);
      from.postRecv(a.receive(3, 100_000, 3040));
      SendWr back = other.request(4, WrOpcode.SEND, grh, 3000);
      to.postSend(back.datagram(left.port.address(), from.qpn(), QKEY));
      assertIs(a.next(), from, 3, WcStatus.SUCCESS);
      assertThat(a.holds(100_000 + grh, 3000, 5)).isTrue();
      assertIs(other.next(), to, 4, WcStatus.SUCCESS);
    } finally {
      other.close();
      second.close();
    }
  }
}
