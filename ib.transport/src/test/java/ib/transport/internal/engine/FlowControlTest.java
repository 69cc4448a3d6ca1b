// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortQp;
import ib.transport.wire.Opcode;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How much is on its way, who may send, and when answers are asked for and given. */
class FlowControlTest {
  private static final int MTU = 1024;
  private static final int TO = 500_000;

  private static void write(Pair pair, SimBackend backend, int bytes) {
    backend.post(
        WrOpcode.RDMA_WRITE,
        0,
        bytes,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
  }

  private static void read(Pair pair, int bytes) {
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        bytes,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
  }

  @Test
  void shouldNotHaveMoreInFlightThanTheWindow() throws Exception {
    Pair pair = Pair.connected(SimHost.options().withWindowPackets(16), a -> a);
    write(pair, pair.backendA, 100 * MTU);
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    assertThat(pair.log).hasSize(16);
    assertThat(pair.log.getLast().ackReq()).as("acknowledge request at the edge").isTrue();
    assertThat(pair.a.engine.packetsInFlight()).isEqualTo(16);
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(pair.a.engine.packetsInFlight()).isZero();
  }

  /** An application ends its queue pair as soon as it sees the last completion. */
  @ParameterizedTest
  @ValueSource(strings = {"destroy", "reset", "error"})
  void shouldAcknowledgeWhatCameBeforeTheQueuePairEnded(String end) throws Exception {
    Pair pair = Pair.connected(a -> a);
    write(pair, pair.backendA, MTU);
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    for (SimPacket packet : pair.wire) {
      pair.b.receive(packet, false, pair.nowNs);
    }
    pair.wire.clear();
    switch (end) {
      case "destroy" -> pair.qpB.destroy();
      case "reset" -> pair.qpB.modify(new QpAttributes().state(QpState.RESET));
      default -> pair.qpB.modify(new QpAttributes().state(QpState.ERR));
    }
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(pair.backendA.sendDone.getFirst().status()).isEqualTo(WcStatus.SUCCESS);
  }

  @Test
  void shouldShareTheWindowAmongQueuePairsToOnePeer() throws Exception {
    Pair pair = Pair.connected(SimHost.options().withWindowPackets(16), a -> a);
    SimBackend secondA = new SimBackend(pair.a.memory);
    PortQp qpA2 = pair.a.engine.createQp(0x333, QpType.RC, secondA);
    PortQp qpB2 = pair.b.engine.createQp(0x444, QpType.RC, new SimBackend(pair.b.memory));
    Pair.connect(qpA2, pair.b.address, 0x444, a -> a);
    Pair.connect(qpB2, pair.a.address, 0x333, a -> a);
    write(pair, pair.backendA, 100 * MTU);
    write(pair, secondA, 100 * MTU);
    pair.qpA.kickSend();
    qpA2.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    assertThat(pair.log).as("the second may send one, so that it never waits for ever").hasSize(17);
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(secondA.sendDone).hasSize(1);
  }

  @Test
  void shouldAskForALongReadInPartsThatTheReceiveBufferHolds() throws Exception {
    Pair pair = Pair.connected(SimHost.options().withWindowPackets(16), a -> a);
    read(pair, 50 * MTU + 1);
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    assertThat(pair.log).hasSize(2);
    assertThat(pair.a.engine.packetsInFlight()).isEqualTo(16);
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(Pair.bytes(pair.a.memory, 0, 50 * MTU + 1))
        .isEqualTo(Pair.bytes(pair.b.memory, TO, 50 * MTU + 1));
    assertThat(pair.count(p -> p.opcode() == Opcode.READ_REQUEST)).isEqualTo(7);
  }

  @Test
  void shouldNotHaveMoreReadsOutstandingThanTheInitiatorDepth() throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(2));
    for (int i = 0; i < 5; i++) {
      read(pair, 100);
    }
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    assertThat(pair.log).hasSize(2);
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(5);
  }

  @Test
  void shouldRefuseAReadWithInitiatorDepthZero() throws Exception {
    Pair pair = Pair.connected(a -> a.maxRdAtomic(0));
    read(pair, 100);
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.LOC_QP_OP_ERR);
  }

  @Test
  void shouldHoldAFencedRequestUntilEarlierReadsAreDone() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 10);
    pair.backendB.postReceive(0, 10);
    read(pair, 5 * MTU);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> wqe.setFlags(true, false, true));
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    assertThat(pair.log)
        .extracting(SimPacket::opcode)
        .containsExactly(Opcode.READ_REQUEST, Opcode.SEND_ONLY);
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(3);
  }

  @Test
  void shouldAcknowledgeABatchOnce() throws Exception {
    Pair pair = Pair.connected(a -> a);
    for (int i = 0; i < 20; i++) {
      pair.backendB.postReceive(TO, 10);
      pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    }
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(20);
    assertThat(pair.count(p -> p.opcode() == Opcode.ACK)).isEqualTo(1);
    assertThat(pair.log.stream().filter(p -> p.opcode() == Opcode.SEND_ONLY))
        .allMatch(SimPacket::ackReq);
  }

  @Test
  void shouldGiveEveryQueuePairItsTurn() throws Exception {
    Pair pair = Pair.connected(SimHost.options().withWindowPackets(4096), a -> a);
    SimBackend secondA = new SimBackend(pair.a.memory);
    PortQp qpA2 = pair.a.engine.createQp(0x333, QpType.RC, secondA);
    PortQp qpB2 = pair.b.engine.createQp(0x444, QpType.RC, new SimBackend(pair.b.memory));
    Pair.connect(qpA2, pair.b.address, 0x444, a -> a);
    Pair.connect(qpB2, pair.a.address, 0x333, a -> a);
    write(pair, pair.backendA, 400 * MTU);
    write(pair, secondA, MTU);
    pair.qpA.kickSend();
    qpA2.kickSend();
    // A turn is one train: the second queue pair has the next.
    pair.a.engine.transmit(pair.a, pair.nowNs);
    pair.a.engine.transmit(pair.a, pair.nowNs);
    List<Integer> opcodes = pair.log.stream().map(SimPacket::opcode).toList();
    assertThat(opcodes.indexOf(Opcode.WRITE_ONLY)).isEqualTo(64);
  }

  @Test
  void shouldGoOnWhenTheSinkHasRoomAgain() throws Exception {
    Pair pair = Pair.connected(a -> a);
    write(pair, pair.backendA, 10 * MTU);
    pair.qpA.kickSend();
    for (int i = 1; i <= 10; i++) {
      pair.a.room = 1;
      pair.a.engine.transmit(pair.a, pair.nowNs);
      assertThat(pair.log).hasSize(i);
    }
    pair.a.room = -1;
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
  }
}
