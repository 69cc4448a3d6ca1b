// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.SendWqe;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Unreliable connections (specification 9.8.2). */
class UnreliableConnectionTest {
  private static final int PSN = 0xFF_FFFD;
  private static final int TO = 500_000;

  private static Pair connected() throws RdmaException {
    Pair pair = new Pair(QpType.UC, SimHost.options());
    connect(pair.qpA, pair.b.address, Pair.QPN_B);
    connect(pair.qpB, pair.a.address, Pair.QPN_A);
    return pair;
  }

  private static void connect(PortQp qp, InetAddress peer, int qpn) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .destQpn(qpn)
            .pathMtuBytes(1024)
            .rqPsn(PSN));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(PSN));
  }

  private static Consumer<SendWqe> remote(Pair pair, int immediate) {
    return wqe -> {
      wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey);
      wqe.setImmediate(immediate);
    };
  }

  private static void assertCopied(Pair pair, int from, int to, int bytes) {
    assertThat(Pair.bytes(pair.b.memory, to, bytes))
        .isEqualTo(Pair.bytes(pair.a.memory, from, bytes));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1023, 1024, 1025, 100_000})
  void shouldSendAndWriteAnyLengthWithoutAcknowledgements(int bytes) throws Exception {
    Pair pair = connected();
    pair.backendB.postReceive(TO, bytes);
    pair.backendB.postReceive(TO, 0);
    pair.backendA.post(WrOpcode.SEND_WITH_IMM, 7, bytes, wqe -> wqe.setImmediate(0xAB));
    pair.qpA.kickSend();
    pair.settle();
    assertCopied(pair, 7, TO, bytes);
    pair.backendA.post(WrOpcode.RDMA_WRITE, 1000, bytes, remote(pair, 0));
    pair.backendA.post(WrOpcode.RDMA_WRITE_WITH_IMM, 1000, bytes, remote(pair, 0xCD));
    pair.qpA.kickSend();
    pair.settle();
    assertCopied(pair, 1000, TO, bytes);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.SUCCESS);
    assertThat(pair.backendB.receiveDone)
        .containsExactly(
            new SimBackend.ReceiveDone(
                0,
                WcStatus.SUCCESS,
                WcOpcode.RECV,
                bytes,
                WcFlags.WITH_IMM,
                0xAB,
                Pair.QPN_A,
                false),
            new SimBackend.ReceiveDone(
                1,
                WcStatus.SUCCESS,
                WcOpcode.RECV_RDMA_WITH_IMM,
                bytes,
                WcFlags.WITH_IMM,
                0xCD,
                Pair.QPN_A,
                false));
    assertThat(pair.log).allMatch(p -> Opcode.transport(p.opcode()) == Opcode.UC);
    assertThat(pair.log).noneMatch(p -> p.destLow() == pair.a.low);
  }

  @Test
  void shouldDropAMessageOfWhichAPacketIsMissingAndDeliverTheNextIntoItsReceive() throws Exception {
    for (int lost = 0; lost < 4; lost++) {
      Pair pair = connected();
      int which = lost;
      int[] seen = {0};
      pair.drop = packet -> seen[0]++ == which;
      pair.backendB.postReceive(TO, 5000);
      pair.backendA.post(WrOpcode.SEND, 0, 4000, wqe -> {});
      pair.backendA.post(WrOpcode.SEND, 9000, 4000, wqe -> {});
      pair.qpA.kickSend();
      pair.settle();
      assertThat(pair.backendA.sendDone).as("the sender can't know").hasSize(2);
      assertThat(pair.backendB.receiveDone).as("packet %d lost", lost).hasSize(1);
      assertThat(pair.backendB.receiveDone.getFirst().cookie()).isZero();
      assertCopied(pair, 9000, TO, 4000);
      assertThat(pair.qpB.state()).isEqualTo(QpState.RTS);
    }
  }

  @Test
  void shouldDropSilentlyWhatCanNotBeDelivered() throws Exception {
    Pair pair = connected();
    // No receive; too long for its receive; a wrong key; a right that is not there.
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.backendB.postReceive(TO, 100);
    pair.backendA.post(WrOpcode.SEND, 0, 2000, wqe -> {});
    pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 10, wqe -> wqe.setRemote(SimMemory.BASE, 5));
    int readOnly = pair.b.memory.register(TO, 100, SimMemory.REMOTE_READ);
    pair.backendA.post(
        WrOpcode.RDMA_WRITE, 0, 10, wqe -> wqe.setRemote(SimMemory.BASE + TO, readOnly));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendB.receiveDone).isEmpty();
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_UC)).isGreaterThanOrEqualTo(4);
    assertThat(pair.qpB.state()).isEqualTo(QpState.RTS);
    pair.backendA.post(WrOpcode.SEND, 300, 100, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertCopied(pair, 300, TO, 100);
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RDMA_READ", "MALFORMED", "LOCAL_KEY"})
  void shouldPutTheSendQueueAloneIntoErrorWhenARequestFails(String how) throws Exception {
    Pair pair = connected();
    pair.backendA.post(
        how.equals("RDMA_READ") ? WrOpcode.RDMA_READ : WrOpcode.SEND,
        0,
        10,
        wqe -> {
          if (how.equals("MALFORMED")) {
            wqe.setMalformed();
          } else if (how.equals("LOCAL_KEY")) {
            wqe.addSge(SimMemory.BASE, 5, 4711);
          }
        });
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.backendA.postReceive(0, 10);
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(
            how.equals("LOCAL_KEY") ? WcStatus.LOC_PROT_ERR : WcStatus.LOC_QP_OP_ERR,
            WcStatus.WR_FLUSH_ERR);
    assertThat(pair.qpA.state()).isEqualTo(QpState.SQE);
    assertThat(pair.backendA.events).containsExactly("SQE");
    assertThat(pair.backendA.receiveDone).isEmpty();
  }

  /** The flush that was due in SQE once kept the engine busy for ever. */
  @Test
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldFlushWhatWasPostedInSqeBeforeItGoesBackToRts() throws Exception {
    Pair pair = connected();
    pair.backendA.post(WrOpcode.RDMA_READ, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.qpA.modify(new QpAttributes().state(QpState.RTS));
    pair.backendB.postReceive(TO, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.LOC_QP_OP_ERR, WcStatus.WR_FLUSH_ERR, WcStatus.SUCCESS);
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @Test
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldForgetInResetWhatWasToBeFlushed() throws Exception {
    Pair pair = connected();
    pair.qpA.modify(new QpAttributes().state(QpState.ERR));
    pair.qpA.kickSend();
    pair.qpA.kickReceive();
    pair.qpA.modify(new QpAttributes().state(QpState.RESET));
    connect(pair.qpA, pair.b.address, Pair.QPN_B);
    pair.backendB.postReceive(TO, 10);
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
  }

  @Test
  void shouldFlushInOrderInError() throws Exception {
    Pair pair = connected();
    pair.backendB.postReceive(TO, 5000);
    pair.backendB.postReceive(TO, 5000);
    pair.drop = packet -> packet.opcode() == (Opcode.UC | Opcode.SEND_LAST);
    pair.backendA.post(WrOpcode.SEND, 0, 4000, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    pair.qpB.modify(new QpAttributes().state(QpState.ERR));
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::cookie)
        .containsExactly(0L, 1L);
    assertThat(pair.backendB.receiveDone).allMatch(r -> r.status() == WcStatus.WR_FLUSH_ERR);
  }

  @Test
  void shouldCheckThePeersAddress() throws Exception {
    Pair pair = connected();
    pair.backendB.postReceive(TO, 100);
    Crafted packet = Crafted.request(Opcode.UC_SEND_ONLY, Pair.QPN_B, PSN, 4);
    pair.b.receive(packet.from(pair.a.low + 50, pair.b.low), false, pair.nowNs);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_ADDRESS)).isEqualTo(1);
    assertThat(pair.backendB.receiveDone).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldDeliverWholeMessagesOnlyWhateverIsLostOrDuplicated(long seed) throws Exception {
    Pair pair = connected();
    Random random = new Random(seed);
    pair.drop =
        packet -> {
          if (random.nextInt(10) == 0) {
            pair.wire.add(packet);
          }
          return random.nextInt(10) == 0;
        };
    int[] offsets = new int[200];
    for (int i = 0; i < offsets.length; i++) {
      int offset = i * 16;
      offsets[i] = offset;
      pair.backendB.postReceive(TO + i * 2048, 2048);
      int value = i;
      pair.backendA.post(WrOpcode.SEND_WITH_IMM, offset, 2000, wqe -> wqe.setImmediate(value));
    }
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendB.receiveDone.size()).as("seed %d", seed).isBetween(80, 199);
    int last = -1;
    for (SimBackend.ReceiveDone done : pair.backendB.receiveDone) {
      assertThat(done.immediate()).as("seed %d", seed).isGreaterThan(last);
      last = done.immediate();
      assertCopied(pair, offsets[last], TO + (int) done.cookie() * 2048, 2000);
    }
  }
}
