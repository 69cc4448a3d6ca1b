// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortQp;
import ib.transport.wire.TimeoutCode;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReliableConnectionTest {
  private static final int[] SIZES = {
    0, 1, 3, 255, 256, 257, 1023, 1024, 4095, 4096, 8193, 100_000
  };

  @ParameterizedTest
  @ValueSource(ints = {256, 512, 1024, 2048, 4096})
  void shouldSendMessagesOfAllSizes(int mtu) throws Exception {
    Pair pair = Pair.connected(a -> a.pathMtuBytes(mtu));
    for (int size : SIZES) {
      pair.backendB.postReceive(500_000, 200_000);
      pair.backendA.post(WrOpcode.SEND, 77, size, wqe -> {});
      pair.qpA.kickSend();
      pair.settle();
      assertThat(pair.backendA.sendDone.getLast())
          .isEqualTo(
              new SimBackend.SendDone(
                  pair.backendA.sendDone.size() - 1, true, WcStatus.SUCCESS, WcOpcode.SEND, size));
      assertThat(pair.backendB.receiveDone.getLast().lengthBytes()).isEqualTo(size);
      assertThat(Pair.bytes(pair.b.memory, 500_000, size))
          .isEqualTo(Pair.bytes(pair.a.memory, 77, size));
    }
    assertThat(pair.backendA.sendDone).hasSize(SIZES.length);
    assertThat(pair.backendB.receiveDone).hasSize(SIZES.length);
  }

  @ParameterizedTest
  @ValueSource(ints = {256, 512, 1024, 2048, 4096})
  void shouldWriteAndReadAllSizes(int mtu) throws Exception {
    Pair pair = Pair.connected(a -> a.pathMtuBytes(mtu));
    for (int size : SIZES) {
      pair.backendA.post(
          WrOpcode.RDMA_WRITE,
          13,
          size,
          wqe -> wqe.setRemote(SimMemory.BASE + 300_001, pair.b.memory.allKey));
      pair.backendA.post(
          WrOpcode.RDMA_READ,
          600_003,
          size,
          wqe -> wqe.setRemote(SimMemory.BASE + 700_001, pair.b.memory.allKey));
      pair.qpA.kickSend();
      pair.settle();
      assertThat(pair.backendA.sendDone.getLast().opcode()).isEqualTo(WcOpcode.RDMA_READ);
      assertThat(pair.backendA.sendDone.getLast().status()).isEqualTo(WcStatus.SUCCESS);
      assertThat(Pair.bytes(pair.b.memory, 300_001, size))
          .isEqualTo(Pair.bytes(pair.a.memory, 13, size));
      assertThat(Pair.bytes(pair.a.memory, 600_003, size))
          .isEqualTo(Pair.bytes(pair.b.memory, 700_001, size));
    }
    assertThat(pair.backendA.sendDone).hasSize(2 * SIZES.length);
  }

  @Test
  void shouldConnectTwoQueuePairsOfOnePort() throws Exception {
    Pair pair = new Pair(QpType.RC, SimHost.options());
    SimBackend other = new SimBackend(pair.a.memory);
    PortQp otherQp = pair.a.engine.createQp(0x777, QpType.RC, other);
    Pair.connect(pair.qpA, pair.a.address, 0x777, a -> a);
    Pair.connect(otherQp, pair.a.address, Pair.QPN_A, a -> a);
    other.postReceive(500_000, 9000);
    pair.backendA.post(WrOpcode.SEND, 0, 9000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone).hasSize(1);
    assertThat(Pair.bytes(pair.a.memory, 500_000, 9000))
        .isEqualTo(Pair.bytes(pair.a.memory, 0, 9000));
  }

  @Test
  void shouldTakeAChangedTimeout() throws Exception {
    Pair pair = Pair.connected(a -> a.timeoutCode(8));
    pair.drop = packet -> true;
    pair.qpA.modify(new QpAttributes().state(QpState.SQD));
    pair.qpA.modify(new QpAttributes().timeoutCode(10));
    pair.qpA.modify(new QpAttributes().state(QpState.RTS));
    pair.backendA.post(WrOpcode.SEND, 0, 1, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.a.engine.nextDeadlineNs() - pair.nowNs).isEqualTo(TimeoutCode.toNs(10));
  }
}
