// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.wire.Aeth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.transport.wire.RnrTimer;
import ib.transport.wire.TimeoutCode;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What gets lost, comes twice or comes too early, one case at a time. */
class LossTest {
  private static final int MTU = 1024;
  private static final int PSN = 0xFF_FFF0;
  private static final int TO = 500_000;

  /** Loses the first packet that matches. */
  private static Predicate<SimPacket> once(Predicate<SimPacket> which) {
    boolean[] done = {false};
    return packet -> {
      boolean drop = !done[0] && which.test(packet);
      done[0] |= drop;
      return drop;
    };
  }

  private static void sendOf(Pair pair, int bytes) {
    pair.backendB.postReceive(TO, bytes);
    pair.backendA.post(WrOpcode.SEND, 0, bytes, wqe -> {});
    pair.qpA.kickSend();
  }

  private static void readOf(Pair pair, int bytes) {
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        bytes,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
    pair.qpA.kickSend();
  }

  private static void assertSent(Pair pair, int bytes) {
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::lengthBytes)
        .containsExactly(bytes);
    assertThat(Pair.bytes(pair.b.memory, TO, bytes)).isEqualTo(Pair.bytes(pair.a.memory, 0, bytes));
  }

  private static void assertRead(Pair pair, int bytes) {
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
    assertThat(Pair.bytes(pair.a.memory, 0, bytes)).isEqualTo(Pair.bytes(pair.b.memory, TO, bytes));
  }

  @Test
  void shouldAnswerAGapWithOneNakAndGoBackWithoutATimeout() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.psn() == PSN + 2);
    long before = pair.nowNs;
    sendOf(pair, 10 * MTU);
    pair.settle();
    assertSent(pair, 10 * MTU);
    assertThat(pair.nowNs).isEqualTo(before);
    assertThat(
            pair.count(
                p -> p.opcode() == Opcode.ACK && p.syndrome() == Aeth.NAK_PSN_SEQUENCE_ERROR))
        .isEqualTo(1);
    assertThat(pair.b.engine.counter(PortCounter.OUT_OF_SEQ_REQUEST)).isEqualTo(7);
    assertThat(pair.a.engine.counter(PortCounter.RCVD_SEQ_ERR)).isEqualTo(1);
    assertThat(pair.count(p -> p.psn() == PSN + 1 && p.opcode() != Opcode.ACK)).isEqualTo(1);
  }

  @Test
  void shouldAnswerTheNextGapWithAnotherNak() throws Exception {
    Pair pair = Pair.connected(a -> a);
    Predicate<SimPacket> first = once(packet -> packet.psn() == PSN + 2);
    Predicate<SimPacket> second = once(packet -> packet.psn() == PSN + 6);
    // Both are looked at for each packet; the second gap shows once the first is mended.
    pair.drop = packet -> first.test(packet) | second.test(packet);
    long before = pair.nowNs;
    sendOf(pair, 20 * MTU);
    pair.settle();
    assertSent(pair, 20 * MTU);
    pair.drop = once(packet -> packet.opcode() == Opcode.SEND_FIRST);
    pair.backendB.receiveDone.clear();
    pair.backendA.sendDone.clear();
    sendOf(pair, 5 * MTU);
    pair.settle();
    assertSent(pair, 5 * MTU);
    assertThat(pair.nowNs).isEqualTo(before);
    assertThat(pair.a.engine.counter(PortCounter.RCVD_SEQ_ERR)).isGreaterThanOrEqualTo(2);
  }

  @Test
  void shouldReplayAReadInFrontOfALaterOneThatWaits() throws Exception {
    Pair pair = Pair.connected(a -> a);
    // The first READ is answered and the answer lost; then come a second READ and the first again.
    int key = pair.b.memory.allKey;
    Crafted.request(Opcode.READ_REQUEST, Pair.QPN_B, PSN, 0)
        .reth(SimMemory.BASE, key, 2 * MTU)
        .deliver(pair);
    pair.b.engine.transmit(pair.b, pair.nowNs);
    pair.log.clear();
    Crafted.request(Opcode.READ_REQUEST, Pair.QPN_B, PSN + 2, 0)
        .reth(SimMemory.BASE, key, MTU)
        .deliver(pair);
    Crafted.request(Opcode.READ_REQUEST, Pair.QPN_B, PSN, 0)
        .reth(SimMemory.BASE, key, 2 * MTU)
        .deliver(pair);
    pair.b.engine.transmit(pair.b, pair.nowNs);
    assertThat(pair.log).extracting(SimPacket::psn).containsExactly(PSN, PSN + 1, PSN + 2);
  }

  @Test
  void shouldSendALostTailAgainAfterTheTimeout() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.opcode() == Opcode.SEND_LAST);
    sendOf(pair, 3 * MTU);
    pair.settle();
    assertThat(pair.backendA.sendDone).isEmpty();
    long before = pair.nowNs;
    assertThat(pair.nextDeadline()).isTrue();
    assertThat(pair.nowNs - before).isEqualTo(TimeoutCode.toNs(8));
    assertSent(pair, 3 * MTU);
    assertThat(pair.a.engine.counter(PortCounter.COMPLETER_RETRY_ERR)).isEqualTo(1);
  }

  @Test
  void shouldNotExecuteASendTwiceWhenItsAcknowledgementIsLost() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.opcode() == Opcode.ACK);
    pair.backendB.postReceive(0, 100);
    sendOf(pair, 64);
    pair.settle();
    assertThat(pair.backendB.receiveDone).hasSize(1);
    pair.b.memory.segment.asSlice(0, 100).fill((byte) 7);
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(pair.backendB.receiveDone).hasSize(1);
    assertThat(pair.b.engine.counter(PortCounter.DUPLICATE_REQUEST)).isEqualTo(1);
    assertThat(Pair.bytes(pair.b.memory, 0, 100)).containsOnly(7);
  }

  @Test
  void shouldAnswerAReadAgainWhenItsResponseIsLost() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.opcode() == Opcode.READ_RESPONSE_ONLY);
    readOf(pair, 700);
    pair.run();
    assertRead(pair, 700);
    assertThat(pair.b.engine.counter(PortCounter.DUPLICATE_REQUEST)).isEqualTo(1);
  }

  @Test
  void shouldAskForTheRestOfAReadFromTheMissingPacketOn() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.psn() == PSN + 3 && Opcode.isResponse(packet.opcode()));
    readOf(pair, 10 * MTU - 5);
    long before = pair.nowNs;
    pair.settle();
    assertRead(pair, 10 * MTU - 5);
    assertThat(pair.nowNs).as("the gap is seen without a timeout").isEqualTo(before);
    List<SimPacket> requests =
        pair.log.stream().filter(p -> p.opcode() == Opcode.READ_REQUEST).toList();
    assertThat(requests).hasSize(2);
    SimPacket again = requests.get(1);
    assertThat(again.psn()).isEqualTo(PSN + 3);
    assertThat(Reth.va(again.segment(), Bth.LENGTH)).isEqualTo(SimMemory.BASE + TO + 3 * MTU);
    assertThat(Reth.dmaLength(again.segment(), Bth.LENGTH)).isEqualTo(7 * MTU - 5);
  }

  @Test
  void shouldTakeAnAcknowledgementBehindAMissingReadResponseAsANak() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = once(packet -> packet.opcode() == Opcode.READ_RESPONSE_ONLY);
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        100,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
    sendOf(pair, 10);
    long before = pair.nowNs;
    pair.settle();
    assertThat(pair.nowNs).isEqualTo(before);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::cookie)
        .containsExactly(0L, 1L);
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @Test
  void shouldWaitTheTimeOfTheRnrNakAndSendAgain() throws Exception {
    Pair pair = Pair.connected(a -> a.minRnrTimer(14).rnrRetry(1));
    pair.backendA.post(WrOpcode.SEND, 0, 3 * MTU, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.count(p -> p.syndrome() == Aeth.rnrNak(14))).isEqualTo(1);
    pair.backendB.postReceive(TO, 3 * MTU);
    long before = pair.nowNs;
    assertThat(pair.nextDeadline()).isTrue();
    assertThat(pair.nowNs - before).isEqualTo(RnrTimer.delayNs(14));
    assertSent(pair, 3 * MTU);
    assertThat(pair.a.engine.counter(PortCounter.RCVD_RNR_ERR)).isEqualTo(1);
    assertThat(pair.b.engine.counter(PortCounter.SEND_RNR_ERR)).isEqualTo(1);
  }

  @Test
  void shouldAlsoWaitForAReceiveAtTheEndOfAWriteWithImmediate() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendA.post(
        WrOpcode.RDMA_WRITE_WITH_IMM,
        0,
        3 * MTU,
        wqe -> {
          wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey);
          wqe.setImmediate(99);
        });
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendB.receiveDone).isEmpty();
    pair.backendB.postReceive(0, 0);
    pair.run();
    assertSent(pair, 3 * MTU);
    assertThat(pair.backendB.receiveDone.getFirst().immediate()).isEqualTo(99);
  }

  @Test
  void shouldGoBackForALossAfterAnRnrWaitAsForOneBefore() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> packet.destLow() == pair.b.low;
    sendOf(pair, 10);
    sendOf(pair, 10);
    pair.settle();
    answer(pair, Aeth.NAK_PSN_SEQUENCE_ERROR);
    assertThat(pair.log).hasSize(4);
    answer(pair, Aeth.rnrNak(1));
    assertThat(pair.log).hasSize(4);
    assertThat(pair.nextDeadline()).isTrue();
    assertThat(pair.log).hasSize(6);
    answer(pair, Aeth.NAK_PSN_SEQUENCE_ERROR);
    assertThat(pair.log).as("without a timeout").hasSize(8);
  }

  private static void answer(Pair pair, int syndrome) {
    Crafted.request(Opcode.ACK, Pair.QPN_A, PSN, 0)
        .with(bytes -> Aeth.write(bytes, Bth.LENGTH, syndrome, 0))
        .deliverToA(pair);
    pair.settle();
  }

  @Test
  void shouldGiveUpAfterTheRnrRetries() throws Exception {
    Pair pair = Pair.connected(a -> a.rnrRetry(2));
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.RNR_RETRY_EXC_ERR);
    assertThat(pair.count(p -> p.opcode() == Opcode.SEND_ONLY)).isEqualTo(3);
    assertThat(pair.qpA.state()).isEqualTo(QpState.ERR);
    assertThat(pair.qpB.state()).isEqualTo(QpState.RTS);
  }

  @Test
  void shouldKeepTryingWhenRnrRetryIsSeven() throws Exception {
    Pair pair = Pair.connected(a -> a.rnrRetry(7));
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    for (int i = 0; i < 100; i++) {
      assertThat(pair.nextDeadline()).isTrue();
    }
    pair.backendB.postReceive(TO, 10);
    pair.run();
    assertSent(pair, 10);
  }

  @Test
  void shouldGiveUpOnADeadPeerAfterTheRetries() throws Exception {
    Pair pair = Pair.connected(a -> a.retryCount(3));
    pair.drop = packet -> true;
    sendOf(pair, 10);
    sendOf(pair, 20);
    long before = pair.nowNs;
    pair.run();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.RETRY_EXC_ERR, WcStatus.WR_FLUSH_ERR);
    assertThat(pair.nowNs - before).isEqualTo(4 * TimeoutCode.toNs(8));
    assertThat(pair.count(p -> p.psn() == PSN)).isEqualTo(4);
    assertThat(pair.backendA.fatal).hasSize(1);
    assertThat(pair.a.engine.counter(PortCounter.RETRY_EXCEEDED_ERR)).isEqualTo(1);
  }

  @Test
  void shouldNeverTimeOutWithTimeoutCodeZero() throws Exception {
    Pair pair = Pair.connected(a -> a.timeoutCode(0));
    pair.drop = packet -> true;
    sendOf(pair, 10);
    pair.settle();
    assertThat(pair.a.engine.nextDeadlineNs()).isEqualTo(PortEngine.NO_DEADLINE);
  }

  @Test
  void shouldCountRetriesAnewAfterProgress() throws Exception {
    Pair pair = Pair.connected(a -> a.retryCount(1));
    int[] nth = {0};
    // Each data packet is lost once.
    pair.drop = packet -> packet.opcode() != Opcode.ACK && nth[0]++ % 2 == 0;
    for (int i = 0; i < 5; i++) {
      sendOf(pair, 100);
      pair.run();
    }
    assertThat(pair.backendA.sendDone)
        .hasSize(5)
        .allMatch(done -> done.status() == WcStatus.SUCCESS);
  }

  @Test
  void shouldIgnoreALateCopyOfAReadWhoseMemoryIsGone() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int key = pair.b.memory.register(TO, 100, SimMemory.REMOTE_READ);
    pair.backendA.post(WrOpcode.RDMA_READ, 0, 100, wqe -> wqe.setRemote(SimMemory.BASE + TO, key));
    pair.qpA.kickSend();
    pair.settle();
    assertRead(pair, 100);
    pair.b.memory.deregister(key);
    SimPacket request = pair.log.getFirst();
    int before = pair.log.size();
    pair.b.receive(request, true, pair.nowNs);
    pair.settle();
    assertThat(pair.log).hasSize(before);
    assertThat(pair.qpB.state()).isEqualTo(QpState.RTS);
  }

  @Test
  void shouldReplayReadsInOrder() throws Exception {
    Pair pair = Pair.connected(a -> a);
    // All responses of the first round are lost.
    pair.drop = packet -> Opcode.isResponse(packet.opcode()) && pair.nowNs == 1_000_000;
    for (int i = 0; i < 4; i++) {
      int to = 10_000 * i;
      pair.backendA.post(
          WrOpcode.RDMA_READ,
          to,
          3000,
          wqe -> wqe.setRemote(SimMemory.BASE + TO + to, pair.b.memory.allKey));
    }
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(pair.a.engine.counter(PortCounter.COMPLETER_RETRY_ERR)).isEqualTo(1);
    for (int i = 0; i < 4; i++) {
      assertThat(Pair.bytes(pair.a.memory, 10_000 * i, 3000))
          .isEqualTo(Pair.bytes(pair.b.memory, TO + 10_000 * i, 3000));
    }
  }
}
