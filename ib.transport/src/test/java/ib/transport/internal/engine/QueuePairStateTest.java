// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Aeth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueuePairStateTest {
  private static QpAttributes to(QpState state) {
    return new QpAttributes().state(state);
  }

  @Test
  void shouldNameTheAttributesThatATransitionNeeds() throws Exception {
    PortQp qp = new Pair(QpType.RC, SimHost.options()).qpA;
    assertThatThrownBy(() -> qp.modify(to(QpState.INIT)))
        .isInstanceOf(RdmaException.class)
        .hasMessageContaining("QP " + Pair.QPN_A)
        .hasMessageContaining("ACCESS_FLAGS");
    qp.modify(to(QpState.INIT).accessFlags(0));
    assertThatThrownBy(() -> qp.modify(to(QpState.RTR).rqPsn(0).destQpn(1)))
        .hasMessageContaining("PATH_MTU, AV, MAX_DEST_RD_ATOMIC, MIN_RNR_TIMER");
    assertThat(qp.state()).isEqualTo(QpState.INIT);
    PortQp datagram = new Pair(QpType.UD, SimHost.options()).qpA;
    assertThatThrownBy(() -> datagram.modify(to(QpState.INIT))).hasMessageContaining("QKEY");
  }

  @Test
  void shouldRefuseTransitionsThatDoNotExist() throws Exception {
    PortQp qp = new Pair(QpType.RC, SimHost.options()).qpA;
    for (QpState state : new QpState[] {QpState.RTR, QpState.RTS, QpState.SQD, QpState.SQE}) {
      assertThatThrownBy(() -> qp.modify(to(state))).hasMessageContaining("RESET to " + state);
    }
    qp.modify(to(QpState.ERR));
    assertThatThrownBy(() -> qp.modify(to(QpState.INIT).accessFlags(0)))
        .hasMessageContaining("ERR to INIT");
    qp.modify(to(QpState.RESET));
    qp.modify(to(QpState.INIT).accessFlags(0));
    assertThat(qp.query().state()).isEqualTo(QpState.INIT);
  }

  @Test
  void shouldRefuseValuesOutOfRangeAndChangesTooLate() throws Exception {
    Pair pair = new Pair(QpType.RC, SimHost.options().withMtuBytes(1024));
    PortQp qp = pair.qpA;
    qp.modify(to(QpState.INIT).accessFlags(AccessFlags.ALL));
    InetAddress peer = pair.b.address;
    assertThatThrownBy(() -> qp.modify(rtr(peer).pathMtuBytes(2048)))
        .hasMessageContaining("2048")
        .hasMessageContaining("1024");
    assertThatThrownBy(() -> qp.modify(rtr(peer).pathMtuBytes(1000))).hasMessageContaining("1000");
    assertThatThrownBy(() -> qp.modify(rtr(peer).rqPsn(1 << 24))).hasMessageContaining("RQ_PSN");
    assertThatThrownBy(() -> qp.modify(rtr(peer).minRnrTimer(32)))
        .hasMessageContaining("MIN_RNR_TIMER");
    assertThatThrownBy(() -> qp.modify(rtr(InetAddress.getByName("::1"))))
        .hasMessageContaining("family");
    qp.modify(rtr(peer));
    assertThatThrownBy(() -> qp.modify(new QpAttributes().rqPsn(9)))
        .hasMessageContaining("RTR to RTR");
    assertThatThrownBy(
            () ->
                qp.modify(
                    to(QpState.RTS)
                        .timeoutCode(8)
                        .retryCount(7)
                        .rnrRetry(7)
                        .sqPsn(1)
                        .maxRdAtomic(1)
                        .rqPsn(9)))
        .hasMessageContaining("RQ_PSN")
        .hasMessageContaining("RTR");
    assertThat(qp.query().remoteAddress()).isEqualTo(peer);
  }

  private static QpAttributes rtr(InetAddress peer) {
    return to(QpState.RTR)
        .remoteAddress(peer)
        .pathMtuBytes(1024)
        .destQpn(7)
        .rqPsn(5)
        .maxDestRdAtomic(1)
        .minRnrTimer(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1 << 24, -1, Pair.QPN_A})
  void shouldRefuseQueuePairNumbersThatCanNotBe(int qpn) {
    Pair pair = new Pair(QpType.RC, SimHost.options());
    assertThatThrownBy(() -> pair.a.engine.createQp(qpn, QpType.RC, pair.backendA))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Integer.toString(qpn));
  }

  @Test
  void shouldTakePacketsInRtrAndSendOnlyInRts() throws Exception {
    Pair pair = new Pair(QpType.RC, SimHost.options());
    Pair.connect(pair.qpA, pair.b.address, Pair.QPN_B, a -> a);
    pair.qpB.modify(to(QpState.INIT).accessFlags(AccessFlags.ALL));
    pair.qpB.modify(rtr(pair.a.address).destQpn(Pair.QPN_A).rqPsn(0xFF_FFF0));
    pair.backendB.postReceive(0, 10);
    pair.backendB.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpB.kickSend();
    pair.backendA.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(pair.qpB.state()).isEqualTo(QpState.RTR);
    assertThat(pair.backendB.sendDone).isEmpty();
    pair.qpB.modify(
        to(QpState.RTS).timeoutCode(8).retryCount(7).rnrRetry(7).sqPsn(0xFF_FFF0).maxRdAtomic(1));
    pair.settle();
    assertThat(pair.backendB.sendDone).hasSize(1);
  }

  @Test
  void shouldFlushEverythingInOrderInError() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> true;
    for (int i = 0; i < 300; i++) {
      pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> wqe.setFlags(false, false, false));
    }
    for (int i = 0; i < 10; i++) {
      pair.backendA.postReceive(0, 10);
    }
    pair.qpA.kickSend();
    pair.settle();
    pair.qpA.modify(to(QpState.ERR));
    assertThat(pair.backendA.sendDone)
        .hasSize(300)
        .allMatch(done -> done.status() == WcStatus.WR_FLUSH_ERR);
    assertThat(pair.backendA.receiveDone).hasSize(10);
    for (int i = 0; i < 300; i++) {
      assertThat(pair.backendA.sendDone.get(i).cookie()).isEqualTo(i);
    }
    assertThat(pair.backendA.fatal).as("the ULP did it").isEmpty();
    assertThat(pair.a.engine.packetsInFlight()).isZero();
    assertThat(pair.nextDeadline()).as("no timer is left").isFalse();
  }

  @Test
  void shouldFlushWhatIsPostedInError() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.qpA.modify(to(QpState.ERR));
    pair.backendA.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickReceive();
    pair.settle();
    assertThat(pair.backendA.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.WR_FLUSH_ERR);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(2);
  }

  @Test
  void shouldFlushAReceiveThatWasHalfFilled() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 5000);
    pair.drop = packet -> packet.opcode() == Opcode.SEND_LAST;
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.qpB.modify(to(QpState.ERR));
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.WR_FLUSH_ERR);
  }

  @Test
  void shouldForgetEverythingInReset() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> true;
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.qpA.modify(to(QpState.RESET));
    pair.qpB.modify(to(QpState.RESET));
    assertThat(pair.backendA.sendDone).isEmpty();
    assertThat(pair.a.engine.packetsInFlight()).isZero();
    pair.drop = packet -> false;
    Pair.connect(pair.qpA, pair.b.address, Pair.QPN_B, a -> a.sqPsn(77));
    Pair.connect(pair.qpB, pair.a.address, Pair.QPN_A, a -> a.rqPsn(77));
    pair.backendB.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone).extracting(SimBackend.SendDone::cookie).containsExactly(1L);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7})
  void shouldNotTakeAnswersToItsFormerLife(int rnrRetry) throws Exception {
    Pair pair = Pair.connected(a -> a.rnrRetry(rnrRetry));
    pair.drop = packet -> true;
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.drop = packet -> false;
    pair.qpA.modify(to(QpState.RESET));
    pair.qpB.modify(to(QpState.RESET));
    pair.qpA.modify(to(QpState.INIT).accessFlags(AccessFlags.ALL));
    pair.qpA.modify(rtr(pair.b.address).destQpn(Pair.QPN_B));
    Crafted.request(Opcode.ACK, Pair.QPN_A, 0xFF_FFF0, 0)
        .with(bytes -> Aeth.write(bytes, Bth.LENGTH, Aeth.rnrNak(1), 0))
        .deliverToA(pair);
    pair.run();
    assertThat(pair.backendA.sendDone).isEmpty();
    pair.qpA.modify(
        to(QpState.RTS).timeoutCode(8).retryCount(7).rnrRetry(7).sqPsn(77).maxRdAtomic(1));
    Pair.connect(pair.qpB, pair.a.address, Pair.QPN_A, a -> a.rqPsn(77));
    pair.backendB.postReceive(0, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone)
        .containsExactly(new SimBackend.SendDone(1, true, WcStatus.SUCCESS, WcOpcode.SEND, 10));
  }

  @Test
  void shouldBeginNothingNewInSqd() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 10);
    pair.qpA.modify(to(QpState.SQD));
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.log).isEmpty();
    pair.qpA.modify(to(QpState.RTS));
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
  }

  @Test
  void shouldNeverCallTheBackendAfterDestroy() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> packet.opcode() == Opcode.ACK;
    pair.backendB.postReceive(0, 5000);
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.qpA.destroy();
    pair.qpA.destroy();
    pair.drop = packet -> false;
    pair.backendB.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpB.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone).isEmpty();
    assertThat(pair.backendA.fatal).isEmpty();
    assertThat(pair.a.engine.counter(PortCounter.DROPPED_QPN)).isPositive();
    assertThat(pair.a.engine.packetsInFlight()).isZero();
    assertThatThrownBy(() -> pair.qpA.modify(to(QpState.INIT))).hasMessageContaining("destroyed");
    pair.a.engine.createQp(Pair.QPN_A, QpType.RC, pair.backendA);
  }
}
