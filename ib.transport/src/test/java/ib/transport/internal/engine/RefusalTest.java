// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.PortQp;
import ib.transport.SendWqe;
import ib.transport.wire.Aeth;
import ib.transport.wire.Bth;
import ib.transport.wire.Feth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.verbs.AccessFlags;
import ib.verbs.FlushPlacement;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that can't be executed: which NAK, which status, and what is flushed. */
class RefusalTest {
  private static final int TO = 500_000;
  private static final int WIDE_QPN = 0x333;
  private static final long WIDE_BYTES = 1 << 30;
  private static final int PSN = 0xFF_FFF0;

  private enum Bad {
    UNKNOWN_KEY((pair, wqe) -> wqe.setRemote(SimMemory.BASE + TO, 5)),
    BELOW((pair, wqe) -> wqe.setRemote(SimMemory.BASE + TO - 1, region(pair, 5000, 7))),
    BEYOND((pair, wqe) -> wqe.setRemote(SimMemory.BASE + TO, region(pair, 2999, 7))),
    WRAPS((pair, wqe) -> wqe.setRemote(-10, region(pair, 5000, 7))),
    NO_RIGHT(
        (pair, wqe) ->
            wqe.setRemote(SimMemory.BASE + TO, region(pair, 5000, SimMemory.LOCAL_WRITE)));

    private final BiConsumer<Pair, SendWqe> remote;

    Bad(BiConsumer<Pair, SendWqe> remote) {
      this.remote = remote;
    }

    private static int region(Pair pair, int length, int rights) {
      return pair.b.memory.register(TO, length, rights);
    }
  }

  private static void assertRefused(Pair pair, WcStatus status, int syndrome) {
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(status, WcStatus.WR_FLUSH_ERR);
    assertThat(pair.count(p -> p.opcode() == Opcode.ACK && p.syndrome() == syndrome)).isEqualTo(1);
    assertThat(pair.qpA.state()).isEqualTo(QpState.ERR);
    assertThat(pair.qpB.state()).isEqualTo(QpState.ERR);
    assertThat(pair.backendA.fatal).hasSize(1);
    assertThat(pair.backendB.fatal).hasSize(1);
  }

  private static void postAndAnother(Pair pair, WrOpcode opcode, int length, Bad bad) {
    pair.backendA.post(opcode, 0, length, wqe -> bad.remote.accept(pair, wqe));
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseAReadOfMemoryThatIsNotOpen(Bad bad) throws Exception {
    Pair pair = Pair.connected(a -> a);
    postAndAnother(pair, WrOpcode.RDMA_READ, 3000, bad);
    assertRefused(pair, WcStatus.REM_ACCESS_ERR, Aeth.NAK_REMOTE_ACCESS_ERROR);
  }

  @ParameterizedTest
  @EnumSource
  void shouldRefuseAWriteToMemoryThatIsNotOpenAndWriteNothing(Bad bad) throws Exception {
    Pair pair = Pair.connected(a -> a);
    byte[] before = Pair.bytes(pair.b.memory, 0, Pair.MEMORY);
    postAndAnother(pair, WrOpcode.RDMA_WRITE, 3000, bad);
    assertRefused(pair, WcStatus.REM_ACCESS_ERR, Aeth.NAK_REMOTE_ACCESS_ERROR);
    assertThat(Pair.bytes(pair.b.memory, 0, Pair.MEMORY)).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(names = {"RDMA_READ", "RDMA_WRITE", "RDMA_WRITE_WITH_IMM"})
  void shouldRefuseOperationsThatTheQueuePairDoesNotAdmit(WrOpcode opcode) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(AccessFlags.LOCAL_WRITE));
    pair.backendA.post(opcode, 0, 10, wqe -> wqe.setRemote(SimMemory.BASE, pair.b.memory.allKey));
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertRefused(pair, WcStatus.REM_INV_REQ_ERR, Aeth.NAK_INVALID_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 99, 1500, 2999})
  void shouldFailBothSidesWhenAReceiveIsTooShort(int room) throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(TO, room);
    pair.backendB.postReceive(TO, 5000);
    pair.backendA.post(WrOpcode.SEND, 0, 3000, wqe -> {});
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertRefused(pair, WcStatus.REM_INV_REQ_ERR, Aeth.NAK_INVALID_REQUEST);
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.LOC_LEN_ERR, WcStatus.WR_FLUSH_ERR);
  }

  @Test
  void shouldFailBothSidesWhenAReceiveCanNotBeWritten() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(wqe -> wqe.addSge(SimMemory.BASE, 100, 4711));
    pair.backendA.post(WrOpcode.SEND, 0, 30, wqe -> {});
    pair.backendA.post(WrOpcode.SEND, 0, 10, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertRefused(pair, WcStatus.REM_OP_ERR, Aeth.NAK_REMOTE_OPERATIONAL_ERROR);
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.LOC_PROT_ERR);
  }

  @Test
  void shouldCompleteWhatCameBeforeARefusedRequest() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(TO, 100);
    pair.backendA.post(WrOpcode.SEND, 0, 100, wqe -> {});
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        5000,
        9000,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
    postAndAnother(pair, WrOpcode.RDMA_WRITE, 3000, Bad.UNKNOWN_KEY);
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(
            WcStatus.SUCCESS, WcStatus.SUCCESS, WcStatus.REM_ACCESS_ERR, WcStatus.WR_FLUSH_ERR);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldFailAnEntryWhoseOwnMemoryIsWrongOnceAllBeforeItIsDone(boolean malformed)
      throws Exception {
    Pair pair = Pair.connected(a -> a);
    for (int i = 0; i < 3; i++) {
      pair.backendB.postReceive(TO, 100);
    }
    pair.backendA.post(WrOpcode.SEND, 0, 100, wqe -> {});
    pair.backendA.post(
        WrOpcode.SEND,
        0,
        100,
        wqe -> {
          if (malformed) {
            wqe.setMalformed();
          } else {
            wqe.addSge(SimMemory.BASE, 50, 4711);
          }
        });
    pair.backendA.post(WrOpcode.SEND, 0, 100, wqe -> {});
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(
            WcStatus.SUCCESS,
            malformed ? WcStatus.LOC_QP_OP_ERR : WcStatus.LOC_PROT_ERR,
            WcStatus.WR_FLUSH_ERR);
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }

  @Test
  void shouldFailAReadThatCanNotBeWrittenLocally() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int readOnly = pair.a.memory.register(0, 5000, 0);
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        0,
        wqe -> {
          wqe.addSge(SimMemory.BASE, 100, readOnly);
          wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey);
        });
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.LOC_PROT_ERR);
  }

  @Test
  void shouldFailMessagesAboveTheLimit() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendA.post(
        WrOpcode.SEND,
        0,
        RcQp.MAX_MESSAGE_BYTES,
        wqe -> wqe.addSge(SimMemory.BASE, 1, pair.a.memory.allKey));
    pair.qpA.kickSend();
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.LOC_LEN_ERR);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        Opcode.SEND_MIDDLE,
        Opcode.SEND_LAST,
        Opcode.WRITE_MIDDLE,
        Opcode.WRITE_LAST,
        Opcode.WRITE_LAST_IMM,
        Opcode.SEND_LAST_INV
      })
  void shouldRefuseAnOpcodeOutOfPlace(int opcode) throws Exception {
    Pair pair = Pair.connected(a -> a);
    Crafted.request(opcode, Pair.QPN_B, PSN, Opcode.hasPayload(opcode) ? 8 : 0).deliver(pair);
    pair.settle();
    assertThat(pair.log).hasSize(1);
    assertThat(pair.log.getFirst().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
    assertThat(pair.log.getFirst().psn()).isEqualTo(PSN);
    assertThat(pair.qpB.state()).isEqualTo(QpState.ERR);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1000, 1025, 2048})
  void shouldRefuseAFirstPacketThatIsNotOneMtuLong(int bytes) throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendB.postReceive(0, 5000);
    Crafted.request(Opcode.SEND_FIRST, Pair.QPN_B, PSN, bytes).deliver(pair);
    pair.settle();
    assertThat(pair.log.getFirst().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
  }

  @Test
  void shouldRefuseAWriteWhoseLengthIsNotTheAnnouncedOne() throws Exception {
    for (int announced : new int[] {7, 9, 0}) {
      Pair pair = Pair.connected(a -> a);
      Crafted write = Crafted.request(Opcode.WRITE_ONLY, Pair.QPN_B, PSN, 8);
      write.reth(SimMemory.BASE, pair.b.memory.allKey, announced).deliver(pair);
      pair.settle();
      assertThat(pair.log.getFirst().syndrome())
          .as("announced %d", announced)
          .isEqualTo(Aeth.NAK_INVALID_REQUEST);
    }
  }

  @Test
  void shouldRefuseAWriteThatAnnouncesMoreThanAMessageMayHave() throws Exception {
    Pair pair = Pair.connected(a -> a);
    Crafted.request(Opcode.WRITE_FIRST, Pair.QPN_B, PSN, 1024)
        .reth(SimMemory.BASE, pair.b.memory.allKey, RcQp.MAX_MESSAGE_BYTES + 1L)
        .deliver(pair);
    pair.settle();
    assertThat(pair.log.getFirst().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(ints = {Opcode.READ_REQUEST, Opcode.WRITE_FIRST, Opcode.FLUSH})
  void shouldCheckOnlyTheEndsOfALongRangeAtOnce(int opcode) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    List<Long> checked = new ArrayList<>();
    SimBackend wide = wide(pair, checked);
    deliverLong(pair, wide, opcode, 0, WIDE_BYTES);
    assertThat(checked).isNotEmpty().allMatch(bytes -> bytes <= 512 << 10);
    assertThat(wide.fatal).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {Opcode.READ_REQUEST, Opcode.WRITE_FIRST, Opcode.FLUSH})
  void shouldRefuseALongRangeThatEndsOutside(int opcode) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    SimBackend wide = wide(pair, new ArrayList<>());
    deliverLong(pair, wide, opcode, 4096, WIDE_BYTES - 4095);
    assertThat(wide.fatal).hasSize(1);
    assertThat(pair.log.getLast().syndrome()).isEqualTo(Aeth.NAK_REMOTE_ACCESS_ERROR);
  }

  /** A backend with one key to a region of 1 GiB; says how much was checked at a time. */
  private static SimBackend wide(Pair pair, List<Long> checked) {
    return new SimBackend(pair.b.memory) {
      @Override
      public MemoryStatus resolveRemote(
          int rkey, long address, long lengthBytes, int need, BusWindow window) {
        checked.add(lengthBytes);
        window.set(pair.b.memory.segment, 0, Math.min(lengthBytes, 4096));
        return address >= 0 && lengthBytes <= WIDE_BYTES - address
            ? MemoryStatus.OK
            : MemoryStatus.OUT_OF_BOUNDS;
      }
    };
  }

  private static void deliverLong(Pair pair, SimBackend wide, int opcode, long address, long bytes)
      throws Exception {
    PortQp qp = pair.b.engine.createQp(WIDE_QPN, QpType.RC, wide);
    Pair.connect(qp, pair.a.address, Pair.QPN_A, a -> a.accessFlags(SimMemory.ALL));
    Crafted.request(opcode, WIDE_QPN, PSN, opcode == Opcode.WRITE_FIRST ? 1024 : 0)
        .with(
            packet -> {
              if (opcode == Opcode.FLUSH) {
                Feth.write(packet, Bth.LENGTH, Feth.of(Feth.LEVEL_RANGE, FlushPlacement.GLOBAL));
              }
              Reth.write(packet, Opcode.rethOffset(opcode), address, 1, bytes);
            })
        .deliver(pair);
    pair.b.engine.transmit(pair.b, pair.nowNs);
  }

  @Test
  void shouldTakeAWriteOfNothingWithoutAKey() throws Exception {
    Pair pair = Pair.connected(a -> a);
    Crafted.request(Opcode.WRITE_ONLY, Pair.QPN_B, PSN, 0).reth(0, 0, 0).ackReq().deliver(pair);
    pair.settle();
    assertThat(pair.log).hasSize(1);
    assertThat(pair.log.getFirst().syndrome()).isEqualTo(Aeth.ACK_NO_CREDITS);
    assertThat(Aeth.msn(pair.log.getFirst().segment(), Bth.LENGTH)).isEqualTo(1);
  }

  @Test
  void shouldRefuseMoreReadsThanResponderResources() throws Exception {
    Pair pair = Pair.connected(a -> a.maxDestRdAtomic(2));
    for (int i = 0; i < 3; i++) {
      Crafted.request(Opcode.READ_REQUEST, Pair.QPN_B, PSN + i, 0)
          .reth(SimMemory.BASE, pair.b.memory.allKey, 10)
          .deliver(pair);
    }
    pair.settle();
    assertThat(pair.log)
        .extracting(SimPacket::opcode)
        .containsExactly(Opcode.READ_RESPONSE_ONLY, Opcode.READ_RESPONSE_ONLY, Opcode.ACK);
    assertThat(pair.log.getLast().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
  }

  @Test
  void shouldFailAReadWhoseResponseHasTheWrongLength() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> true;
    pair.backendA.post(
        WrOpcode.RDMA_READ,
        0,
        100,
        wqe -> wqe.setRemote(SimMemory.BASE + TO, pair.b.memory.allKey));
    pair.qpA.kickSend();
    pair.settle();
    Crafted.request(Opcode.READ_RESPONSE_ONLY, Pair.QPN_A, PSN, 96).deliverToA(pair);
    pair.settle();
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.BAD_RESP_ERR);
  }
}
