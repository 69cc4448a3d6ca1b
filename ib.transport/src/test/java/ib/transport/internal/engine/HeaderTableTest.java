// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Feth;
import ib.transport.wire.Ieth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.transport.wire.Wire;
import ib.verbs.AccessFlags;
import ib.verbs.FlushLevel;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What each wrong field of a packet to a reliable connection does: the NAK, the status or the
 * counted drop that the specification names. Its other services are in {@link
 * UnreliableHeaderTableTest}, with the fields that mean the same for all of them.
 *
 * <p>The rules are named by chapter (9, transport) or annex (A19, ATOMIC WRITE and FLUSH) of the
 * InfiniBand Architecture Specification vol. 1 and the title of the rule. Finer numbers are given
 * only where a public source quotes them: C9-88 (no key for zero bytes), C9-92 and C9-94 (lengths)
 * and C9-105 (duplicates), all from {@code rxe_resp.c}.
 */
class HeaderTableTest {
  private static final int PSN = 0xFF_FFF0;
  private static final int MTU = 1024;
  private static final int CELL = 4096;

  /** A request with one thing wrong, and what comes of it. */
  private enum Request {
    // Header validation: dropped, counted, no answer.
    BTH_VERSION(
        "9 header validation",
        drop(PortCounter.DROPPED_OPCODE),
        send(8, b -> Bth.version(b, 0, 1))),
    BTH_QPN(
        "9 header validation", drop(PortCounter.DROPPED_QPN), send(8, b -> Wire.u24(b, 5, 0x999))),
    BTH_PKEY(
        "9 header validation",
        drop(PortCounter.DROPPED_PKEY),
        send(8, b -> Wire.u16(b, 2, 0x8001))),
    BTH_OPCODE_OF_UC(
        "9 header validation", drop(PortCounter.DROPPED_OPCODE), send(8, b -> op(b, 0x24))),
    BTH_QP0("9 header validation", drop(PortCounter.DROPPED_QPN), send(8, b -> Wire.u24(b, 5, 0))),
    BTH_GROUP(
        "9 header validation", drop(PortCounter.DROPPED_QPN), send(8, b -> Wire.u24(b, 5, -1))),
    BTH_OPCODE_OF_UD(
        "9 header validation", drop(PortCounter.DROPPED_OPCODE), send(8, b -> op(b, 0x64))),
    BTH_OPCODE_RESERVED(
        "9 header validation", drop(PortCounter.DROPPED_OPCODE), send(8, b -> op(b, 0x15))),
    BTH_OPCODE_OF_XRC(
        "9 header validation", drop(PortCounter.DROPPED_OPCODE), send(8, b -> op(b, 0xA4))),
    SHORTER_THAN_RETH(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), send(8, b -> op(b, 0x0A))),
    SHORTER_THAN_ATOMIC_ETH(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), send(8, b -> op(b, 0x14))),
    SHORTER_THAN_IETH(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), send(0, b -> op(b, 0x17))),
    SHORTER_THAN_IMMDT(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), send(0, b -> op(b, 0x05))),
    READ_WITH_PAYLOAD(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), of(Opcode.READ_REQUEST, 8)),
    ATOMIC_WITH_PAYLOAD(
        "9 header validation", drop(PortCounter.DROPPED_SHORT), of(Opcode.FETCH_ADD, 8)),
    BTH_PAD(
        "9 header validation",
        drop(PortCounter.DROPPED_SHORT),
        send(0, b -> Bth.padCount(b, 0, 1))),

    // PSN verification.
    PSN_AHEAD(
        "9 PSN verification", nak(Aeth.NAK_PSN_SEQUENCE_ERROR), send(8, b -> psn(b, PSN + 1))),
    PSN_BEHIND("9 duplicates C9-105", ack(PSN - 1), send(8, b -> psn(b, PSN - 1))),

    // Opcode sequence.
    SEND_MIDDLE_FIRST("9 opcode sequence", invalid(), of(Opcode.SEND_MIDDLE, MTU)),
    SEND_LAST_FIRST("9 opcode sequence", invalid(), of(Opcode.SEND_LAST, 8)),
    SEND_LAST_INV_FIRST("9 opcode sequence", invalid(), of(Opcode.SEND_LAST_INV, 8)),
    WRITE_MIDDLE_FIRST("9 opcode sequence", invalid(), of(Opcode.WRITE_MIDDLE, MTU)),
    WRITE_LAST_IMM_FIRST("9 opcode sequence", invalid(), of(Opcode.WRITE_LAST_IMM, 8)),
    SEND_INSIDE_A_WRITE(
        "9 opcode sequence", invalid(), after(Opcode.WRITE_FIRST, Opcode.SEND_LAST, 8)),
    WRITE_INSIDE_A_SEND(
        "9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.WRITE_LAST, 8)),
    READ_INSIDE_A_SEND(
        "9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.READ_REQUEST, 0)),
    ATOMIC_INSIDE_A_SEND(
        "9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.FETCH_ADD, 0)),
    FLUSH_INSIDE_A_WRITE(
        "9 opcode sequence", invalid(), after(Opcode.WRITE_FIRST, Opcode.FLUSH, 0)),
    ONLY_INSIDE_A_SEND(
        "9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.SEND_ONLY, 8)),
    ATOMIC_WRITE_INSIDE_A_SEND(
        "9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.ATOMIC_WRITE, 8)),
    FIRST_TWICE("9 opcode sequence", invalid(), after(Opcode.SEND_FIRST, Opcode.SEND_FIRST, MTU)),

    // Opcode validation: what the queue pair does not admit.
    NO_WRITE("9 opcode validation", invalid(), without(AccessFlags.REMOTE_WRITE, write(8, 8, 0))),
    NO_READ("9 opcode validation", invalid(), without(AccessFlags.REMOTE_READ, read(8, 0))),
    NO_ATOMIC(
        "9 opcode validation", invalid(), without(AccessFlags.REMOTE_ATOMIC, atomic(CELL, 0))),
    NO_ATOMIC_WRITE("A19", invalid(), without(AccessFlags.REMOTE_WRITE, atomicWrite(8, 8, 0))),
    NO_FLUSH("A19", invalid(), without(AccessFlags.FLUSH_GLOBAL, flush(1, 0))),

    // R_Key validation.
    WRITE_KEY("9 R_Key validation", access(), write(8, 8, 0x999)),
    READ_KEY("9 R_Key validation", access(), read(8, 0x999)),
    ATOMIC_KEY("9 R_Key validation", access(), atomic(CELL, 0x999)),
    ATOMIC_WRITE_KEY("9 R_Key validation", access(), atomicWrite(8, 8, 0x999)),
    FLUSH_KEY("9 R_Key validation", access(), flush(1, 0x999)),
    FLUSH_KEY_OF_A_REGION("9 R_Key validation", access(), flush(0x11, 0x999)),
    WRITE_BEYOND("9 R_Key validation", access(), at(Pair.MEMORY - 4, write(8, 8, 0))),
    READ_BEYOND("9 R_Key validation", access(), at(Pair.MEMORY - 4, read(8, 0))),
    ATOMIC_BEYOND("9 R_Key validation", access(), atomic(Pair.MEMORY, 0)),
    FLUSH_BEYOND("9 R_Key validation", access(), at(Pair.MEMORY, flush(1, 0))),
    INVALIDATE_KEY("9 R_Key validation", access(), of(Opcode.SEND_ONLY_INV, 8)),
    PERSISTENT_NOWHERE("A19", access(), flush(2, 0)),

    // Length validation.
    ONLY_LONGER_THAN_MTU("9 length C9-92", invalid(), of(Opcode.SEND_ONLY, MTU + 4)),
    FIRST_SHORTER_THAN_MTU("9 length C9-92", invalid(), of(Opcode.SEND_FIRST, MTU - 4)),
    FIRST_LONGER_THAN_MTU("9 length C9-92", invalid(), of(Opcode.SEND_FIRST, MTU + 4)),
    MIDDLE_SHORTER_THAN_MTU(
        "9 length C9-92", invalid(), after(Opcode.SEND_FIRST, Opcode.SEND_MIDDLE, MTU - 4)),
    LAST_LONGER_THAN_MTU(
        "9 length C9-92", invalid(), after(Opcode.SEND_FIRST, Opcode.SEND_LAST, MTU + 4)),
    WRITE_ENDS_EARLY(
        "9 length validation", invalid(), after(Opcode.WRITE_FIRST, Opcode.WRITE_LAST, 8)),
    LAST_EMPTY("9 length C9-92", invalid(), after(Opcode.SEND_FIRST, Opcode.SEND_LAST, 0)),
    WRITE_SHORTER_THAN_ANNOUNCED("9 length validation", invalid(), write(8, 9, 0)),
    WRITE_LONGER_THAN_ANNOUNCED("9 length validation", invalid(), write(8, 4, 0)),
    READ_TOO_LONG("9 length C9-94", invalid(), read(0x8000_0001L, 0)),
    ATOMIC_WRITE_LENGTH("A19", invalid(), atomicWrite(8, 4, 0)),
    ATOMIC_WRITE_PAYLOAD("A19", invalid(), atomicWrite(4, 8, 0)),
    RECEIVE_TOO_SHORT("9 length validation", invalid(), of(Opcode.SEND_ONLY, MTU)),

    // Operands.
    ATOMIC_MISALIGNED("9 ATOMIC operations: alignment", invalid(), atomic(CELL + 4, 0)),
    ATOMIC_WRITE_MISALIGNED("A19", invalid(), at(CELL + 1, atomicWrite(8, 8, 0))),
    FLUSH_WITHOUT_TYPE("A19", invalid(), flush(0, 0)),
    FLUSH_OF_A_RESERVED_TYPE("A19", invalid(), flush(4, 0)),
    FLUSH_OF_A_RESERVED_LEVEL("A19", invalid(), flush(0x21, 0));

    private final String section;
    private final Outcome outcome;
    private final Setup setup;

    Request(String section, Outcome outcome, Setup setup) {
      this.section = section;
      this.outcome = outcome;
      this.setup = setup;
    }
  }

  private record Outcome(int syndrome, int psn, PortCounter dropped) {
    boolean isFatal() {
      return syndrome == Aeth.NAK_INVALID_REQUEST || syndrome == Aeth.NAK_REMOTE_ACCESS_ERROR;
    }
  }

  private static Outcome drop(PortCounter counter) {
    return new Outcome(-1, 0, counter);
  }

  private static Outcome nak(int syndrome) {
    return new Outcome(syndrome, -1, PortCounter.RCVD_PKTS);
  }

  private static Outcome ack(int psn) {
    return new Outcome(Aeth.ACK_NO_CREDITS, psn, PortCounter.RCVD_PKTS);
  }

  private static Outcome invalid() {
    return nak(Aeth.NAK_INVALID_REQUEST);
  }

  private static Outcome access() {
    return nak(Aeth.NAK_REMOTE_ACCESS_ERROR);
  }

  /** Rights of the queue pair, a packet that is right and comes first, and the wrong one. */
  private record Setup(
      int rights, int firstOpcode, int opcode, int payload, Consumer<Change> change) {
    Setup with(int newRights) {
      return new Setup(newRights, firstOpcode, opcode, payload, change);
    }
  }

  private record Change(MemorySegment bytes, int allKey) {
    int key(int wrong) {
      return wrong == 0 ? allKey : wrong;
    }
  }

  private static Setup of(int opcode, int payload) {
    return new Setup(SimMemory.ALL, -1, opcode, payload, c -> {});
  }

  private static Setup after(int first, int opcode, int payload) {
    return new Setup(SimMemory.ALL, first, opcode, payload, c -> {});
  }

  private static Setup send(int payload, Consumer<MemorySegment> change) {
    return new Setup(SimMemory.ALL, -1, Opcode.SEND_ONLY, payload, c -> change.accept(c.bytes()));
  }

  private static Setup without(int right, Setup setup) {
    return setup.with(SimMemory.ALL & ~right);
  }

  private static Setup write(int payload, long announced, int key) {
    return reth(Opcode.WRITE_ONLY, payload, announced, key);
  }

  private static Setup read(long bytes, int key) {
    return reth(Opcode.READ_REQUEST, 0, bytes, key);
  }

  private static Setup atomicWrite(int payload, long announced, int key) {
    return reth(Opcode.ATOMIC_WRITE, payload, announced, key);
  }

  private static Setup reth(int opcode, int payload, long bytes, int key) {
    return new Setup(
        SimMemory.ALL,
        -1,
        opcode,
        payload,
        c -> Reth.write(c.bytes(), Bth.LENGTH, SimMemory.BASE + CELL, c.key(key), bytes));
  }

  private static Setup atomic(int cell, int key) {
    return new Setup(
        SimMemory.ALL,
        -1,
        Opcode.FETCH_ADD,
        0,
        c -> AtomicEth.write(c.bytes(), Bth.LENGTH, SimMemory.BASE + cell, c.key(key), 1, 0));
  }

  private static Setup flush(int type, int key) {
    return new Setup(
        SimMemory.ALL,
        -1,
        Opcode.FLUSH,
        0,
        c -> {
          Feth.write(c.bytes(), Bth.LENGTH, type);
          long at = Opcode.rethOffset(Opcode.FLUSH);
          Reth.write(c.bytes(), at, SimMemory.BASE + CELL, c.key(key), 8);
        });
  }

  /** The same at another address. */
  private static Setup at(int offset, Setup setup) {
    return new Setup(
        setup.rights(),
        setup.firstOpcode(),
        setup.opcode(),
        setup.payload(),
        c -> {
          setup.change().accept(c);
          Wire.u64(c.bytes(), Opcode.rethOffset(setup.opcode()), SimMemory.BASE + offset);
        });
  }

  private static void op(MemorySegment bytes, int opcode) {
    Wire.u8(bytes, 0, opcode);
  }

  private static void psn(MemorySegment bytes, int psn) {
    Wire.u24(bytes, 9, psn & 0xFF_FFFF);
  }

  @ParameterizedTest
  @EnumSource
  void shouldAnswerEachWrongFieldOfARequestAsItsSectionSays(Request row) throws Exception {
    Setup setup = row.setup;
    Pair pair = Pair.connected(a -> a.accessFlags(setup.rights()));
    pair.backendB.postReceive(0, row == Request.RECEIVE_TOO_SHORT ? MTU - 1 : 4 * MTU);
    byte[] before = Pair.bytes(pair.b.memory, CELL, 64);
    int expected = PSN;
    if (setup.firstOpcode() >= 0) {
      Crafted first = Crafted.request(setup.firstOpcode(), Pair.QPN_B, PSN, MTU);
      if (Opcode.hasReth(setup.firstOpcode())) {
        first.reth(SimMemory.BASE + 100_000, pair.b.memory.allKey, 2 * MTU);
      }
      first.deliver(pair);
      expected++;
    }
    Crafted.request(setup.opcode(), Pair.QPN_B, expected, setup.payload())
        .with(bytes -> setup.change().accept(new Change(bytes, pair.b.memory.allKey)))
        .deliver(pair);
    pair.settle();
    Outcome outcome = row.outcome;
    if (outcome.syndrome() < 0) {
      assertThat(pair.log).as(row.section).isEmpty();
      assertThat(pair.b.engine.counter(outcome.dropped())).as(row.section).isEqualTo(1);
    } else {
      assertThat(pair.log).as(row.section).hasSize(1);
      SimPacket answer = pair.log.getFirst();
      assertThat(answer.opcode()).as(row.section).isEqualTo(Opcode.ACK);
      assertThat(answer.syndrome()).as(row.section).isEqualTo(outcome.syndrome());
      int psn = outcome.psn() < 0 ? expected : outcome.psn();
      assertThat(answer.psn()).as(row.section).isEqualTo(psn & 0xFF_FFFF);
    }
    assertThat(pair.qpB.state())
        .as(row.section)
        .isEqualTo(outcome.isFatal() ? QpState.ERR : QpState.RTS);
    assertThat(Pair.bytes(pair.b.memory, CELL, 64)).as("nothing was written").isEqualTo(before);
  }

  /** An answer with one thing wrong, and what becomes of the request. */
  private enum Answer {
    ACK_OF_NOTHING(
        "9 acknowledge: PSN in the window",
        null,
        WrOpcode.SEND,
        Opcode.ACK,
        0,
        PSN + 50,
        Aeth.ACK_NO_CREDITS),
    ACK_TOO_LATE(
        "9 acknowledge: PSN in the window",
        null,
        WrOpcode.SEND,
        Opcode.ACK,
        0,
        PSN - 1,
        Aeth.ACK_NO_CREDITS),
    ACK_OF_A_RESERVED_KIND("9 AETH syndromes", null, WrOpcode.SEND, Opcode.ACK, 0, PSN, 0x40),
    NAK_SEQUENCE("9 AETH syndromes", null, WrOpcode.SEND, Opcode.ACK, 0, PSN, 0x60),
    NAK_INVALID(
        "9 requester errors", WcStatus.REM_INV_REQ_ERR, WrOpcode.SEND, Opcode.ACK, 0, PSN, 0x61),
    NAK_ACCESS(
        "9 requester errors", WcStatus.REM_ACCESS_ERR, WrOpcode.SEND, Opcode.ACK, 0, PSN, 0x62),
    NAK_OPERATION(
        "9 requester errors", WcStatus.REM_OP_ERR, WrOpcode.SEND, Opcode.ACK, 0, PSN, 0x63),
    ACK_OF_A_READ(
        "9 coalesced and implied acknowledges",
        null,
        WrOpcode.RDMA_READ,
        Opcode.ACK,
        0,
        PSN,
        Aeth.ACK_NO_CREDITS),
    READ_TOO_SHORT(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.RDMA_READ,
        Opcode.READ_RESPONSE_ONLY,
        4,
        PSN,
        0x1F),
    READ_TOO_LONG(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.RDMA_READ,
        Opcode.READ_RESPONSE_ONLY,
        12,
        PSN,
        0x1F),
    READ_WITH_A_NAK(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.RDMA_READ,
        Opcode.READ_RESPONSE_ONLY,
        8,
        PSN,
        0x61),
    READ_BY_AN_ATOMIC(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.RDMA_READ,
        Opcode.ATOMIC_ACK,
        0,
        PSN,
        0x1F),
    ATOMIC_BY_A_READ(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.ATOMIC_FETCH_AND_ADD,
        Opcode.READ_RESPONSE_ONLY,
        8,
        PSN,
        0x1F),
    ATOMIC_WITH_A_NAK(
        "9 requester errors",
        WcStatus.BAD_RESP_ERR,
        WrOpcode.ATOMIC_FETCH_AND_ADD,
        Opcode.ATOMIC_ACK,
        0,
        PSN,
        0x62),
    FLUSH_WITH_DATA(
        "A19", WcStatus.BAD_RESP_ERR, WrOpcode.FLUSH, Opcode.READ_RESPONSE_ONLY, 8, PSN, 0x1F),
    ATOMIC_WRITE_BY_AN_ATOMIC(
        "A19", WcStatus.BAD_RESP_ERR, WrOpcode.ATOMIC_WRITE, Opcode.ATOMIC_ACK, 0, PSN, 0x1F),
    SEND_BY_A_READ(
        "9 responses: by request", null, WrOpcode.SEND, Opcode.READ_RESPONSE_ONLY, 8, PSN, 0x1F);

    private final String section;
    private final @Nullable WcStatus status;
    private final WrOpcode request;
    private final int opcode;
    private final int payload;
    private final int psn;
    private final int syndrome;

    /** The status is null where the answer is ignored, or makes the request be sent again. */
    Answer(
        String section,
        @Nullable WcStatus status,
        WrOpcode request,
        int opcode,
        int payload,
        int psn,
        int syndrome) {
      this.section = section;
      this.status = status;
      this.request = request;
      this.opcode = opcode;
      this.payload = payload;
      this.psn = psn;
      this.syndrome = syndrome;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldTakeEachWrongFieldOfAnAnswerAsItsSectionSays(Answer row) throws Exception {
    Pair pair = Pair.connected(a -> a.accessFlags(SimMemory.ALL));
    pair.drop = packet -> packet.destLow() == pair.b.low;
    pair.backendB.postReceive(0, 100);
    boolean flush = row.request == WrOpcode.FLUSH;
    pair.backendA.post(
        row.request,
        0,
        flush ? 0 : 8,
        wqe -> {
          wqe.setRemote(SimMemory.BASE + CELL, pair.b.memory.allKey);
          wqe.setFlush(1, FlushLevel.RANGE, 8);
        });
    pair.qpA.kickSend();
    pair.settle();
    Crafted.request(row.opcode, Pair.QPN_A, row.psn, row.payload)
        .with(
            bytes -> {
              if (Opcode.hasAeth(row.opcode)) {
                Aeth.write(bytes, Bth.LENGTH, row.syndrome, 1);
              }
            })
        .deliverToA(pair);
    pair.settle();
    if (row.status == null) {
      assertThat(pair.backendA.sendDone).as(row.section).isEmpty();
      assertThat(pair.qpA.state()).as(row.section).isEqualTo(QpState.RTS);
      pair.drop = packet -> false;
      pair.run();
      assertThat(pair.backendA.sendDone)
          .as(row.section)
          .extracting(SimBackend.SendDone::status)
          .containsExactly(WcStatus.SUCCESS);
    } else {
      assertThat(pair.backendA.sendDone)
          .as(row.section)
          .extracting(SimBackend.SendDone::status)
          .containsExactly(row.status);
      assertThat(pair.qpA.state()).as(row.section).isEqualTo(QpState.ERR);
    }
  }

  @Test
  void shouldInvalidateNothingWhenTheSendBeforeItIsRefused() throws Exception {
    Pair pair = Pair.connected(a -> a);
    int key = pair.b.memory.registerFast(0, 100, SimMemory.ALL);
    pair.backendB.postReceive(0, 4);
    Crafted.request(Opcode.SEND_ONLY_INV, Pair.QPN_B, PSN, 8)
        .with(bytes -> Ieth.write(bytes, Bth.LENGTH, key))
        .deliver(pair);
    pair.settle();
    assertThat(pair.log.getFirst().syndrome()).isEqualTo(Aeth.NAK_INVALID_REQUEST);
    assertThat(pair.b.memory.isAlive(key)).isTrue();
  }
}
