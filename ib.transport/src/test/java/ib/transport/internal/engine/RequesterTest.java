// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When a requester asks for acknowledgements, and which it takes. */
class RequesterTest {
  private static final int MTU = 1024;
  private static final int PSN = 0xFF_FFF0;
  private static final int TO = 500_000;

  private static boolean asks(SimPacket packet) {
    return Bth.ackReq(packet.segment(), 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8, 64})
  void shouldAskForAnAcknowledgementOnEveryLastPacketAndAtWindowEdges(int window) throws Exception {
    Pair pair = Pair.connected(SimHost.options().withWindowPackets(window), a -> a);
    pair.drop = packet -> packet.opcode() == Opcode.ACK;
    for (int bytes : new int[] {1, 3 * MTU, 200 * MTU}) {
      pair.backendB.postReceive(TO, bytes);
      pair.backendA.post(WrOpcode.SEND, 0, bytes, wqe -> {});
    }
    pair.qpA.kickSend();
    pair.settle();
    List<SimPacket> sent = pair.log.stream().filter(p -> Opcode.isSend(p.opcode())).toList();
    assertThat(sent).hasSize(window);
    assertThat(sent.stream().filter(p -> Opcode.isEnd(p.opcode()))).allMatch(RequesterTest::asks);
    assertThat(asks(sent.getLast())).as("the last that the window admits").isTrue();
    pair.drop = packet -> false;
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(3);
    assertThat(pair.count(p -> Opcode.isSend(p.opcode()) && Opcode.isEnd(p.opcode()) && !asks(p)))
        .isZero();
  }

  @Test
  void shouldCompleteAllThatACoalescedAcknowledgementCovers() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int[] acks = {0};
    for (int i = 0; i < 10; i++) {
      pair.backendB.postReceive(TO, 10);
      pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    }
    pair.drop =
        packet -> {
          acks[0] += packet.opcode() == Opcode.ACK ? 1 : 0;
          return false;
        };
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .hasSize(10)
        .allMatch(done -> done.status() == WcStatus.SUCCESS);
    assertThat(acks[0]).isLessThan(10);
  }

  @Test
  void shouldTakeMiddleAndLastAsAnswersToAPartialRetry() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> packet.destLow() == pair.b.low;
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        3 * MTU,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
    pair.qpA.kickSend();
    pair.settle();
    answer(pair, Opcode.READ_RESPONSE_FIRST, 0);
    assertThat(pair.nextDeadline()).as("the rest is asked for").isTrue();
    // As rxe goes on: with what would have come.
    answer(pair, Opcode.READ_RESPONSE_MIDDLE, 1);
    answer(pair, Opcode.READ_RESPONSE_LAST, 2);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
    assertThat(Pair.bytes(pair.a.memory, 0, 3 * MTU))
        .isEqualTo(Pair.bytes(pair.b.memory, TO, 3 * MTU));
  }

  private static void answer(Pair pair, int opcode, int packet) {
    byte[] data = Pair.bytes(pair.b.memory, TO + packet * MTU, MTU);
    Crafted.request(opcode, Pair.QPN_A, PSN + packet, MTU)
        .with(
            bytes -> {
              if (Opcode.hasAeth(opcode)) {
                Aeth.write(bytes, Bth.LENGTH, Aeth.ACK_NO_CREDITS, 1);
              }
              MemorySegment.copy(
                  data, 0, bytes, ValueLayout.JAVA_BYTE, Opcode.headerLength(opcode), MTU);
            })
        .deliverToA(pair);
  }

  @Test
  void shouldRefuseMoreAtomicsThanResponderResources() throws Exception {
    Pair pair = Pair.connected(a -> a.maxDestRdAtomic(2));
    for (int i = 0; i < 3; i++) {
      Crafted.request(Opcode.FETCH_ADD, Pair.QPN_B, PSN + i, 0)
          .with(
              bytes ->
                  AtomicEth.write(bytes, Bth.LENGTH, SimMemory.BASE, pair.b.memory.allKey, 1, 0))
          .deliver(pair);
    }
    pair.settle();
    assertThat(pair.log)
        .extracting(SimPacket::opcode)
        .containsExactly(Opcode.ATOMIC_ACK, Opcode.ATOMIC_ACK, Opcode.ACK);
    assertThat(pair.log.getLast().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
  }
}
