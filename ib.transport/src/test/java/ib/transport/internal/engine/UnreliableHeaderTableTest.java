// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.transport.wire.Wire;
import ib.verbs.AccessFlags;
import ib.verbs.QpType;
import ib.verbs.WcStatus;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What each wrong field of a packet to an unreliable connection does: nothing is answered, the
 * packet is dropped and counted, and the next right one is taken. And fields that may have any
 * value, for all services.
 *
 * <p>The rules are named by chapter (9, transport; 10, software interface) or annex (A17, RoCEv2)
 * of the InfiniBand Architecture Specification vol. 1 and the title of the rule. Finer numbers are
 * given only where a public source quotes them: C9-92 and C9-94 (lengths, {@code rxe_resp.c}).
 */
class UnreliableHeaderTableTest extends UnreliableTable {
  private static final int CELL = 4096;

  private record Bytes(MemorySegment segment, int key) {}

  /** One packet of a row. */
  private record Part(int opcode, int psnOffset, int payload, Consumer<Bytes> change) {}

  private static Part part(int opcode, int payload) {
    return new Part(opcode, 0, payload, b -> {});
  }

  private static Part part(int opcode, int payload, Consumer<Bytes> change) {
    return new Part(opcode, 0, payload, change);
  }

  private static Part late(int opcode, int by, int payload) {
    return new Part(opcode, by, payload, b -> {});
  }

  private static Part write(int opcode, int payload, long announced) {
    return write(opcode, payload, announced, CELL, 0);
  }

  private static Part write(int opcode, int payload, long announced, int to, int key) {
    return part(
        opcode,
        payload,
        b ->
            Reth.write(
                b.segment, Bth.LENGTH, SimMemory.BASE + to, key == 0 ? b.key : key, announced));
  }

  private static final int FIRST = Opcode.UC | Opcode.SEND_FIRST;
  private static final int MIDDLE = Opcode.UC | Opcode.SEND_MIDDLE;
  private static final int LAST = Opcode.UC | Opcode.SEND_LAST;
  private static final int WRITE_FIRST = Opcode.UC | Opcode.WRITE_FIRST;
  private static final int WRITE_MIDDLE = Opcode.UC | Opcode.WRITE_MIDDLE;
  private static final int WRITE_LAST = Opcode.UC | Opcode.WRITE_LAST;
  private static final int WRITE_ONLY = Opcode.UC | Opcode.WRITE_ONLY;

  /** Packets to an unreliable connection, of which the last is wrong. */
  private enum Uc {
    VERSION("9 header validation", PortCounter.DROPPED_OPCODE, only(b -> Bth.version(b, 0, 1))),
    QPN("9 header validation", PortCounter.DROPPED_QPN, only(b -> Wire.u24(b, 5, 0x999))),
    QP0("9 header validation", PortCounter.DROPPED_QPN, only(b -> Wire.u24(b, 5, 0))),
    GROUP_QPN("9 header validation", PortCounter.DROPPED_QPN, only(b -> Wire.u24(b, 5, 0xFFFFFF))),
    PKEY("9 header validation", PortCounter.DROPPED_PKEY, only(b -> Wire.u16(b, 2, 0x8001))),
    PAD("9 header validation", PortCounter.DROPPED_SHORT, empty(b -> Bth.padCount(b, 0, 1))),
    OPCODE_OF_RC("9 header validation", PortCounter.DROPPED_OPCODE, part(Opcode.SEND_ONLY, 8)),
    OPCODE_OF_UD("9 header validation", PortCounter.DROPPED_OPCODE, part(Opcode.UD_SEND_ONLY, 8)),
    READ("9 header validation", PortCounter.DROPPED_OPCODE, only(b -> op(b, 0x2C))),
    ATOMIC("9 header validation", PortCounter.DROPPED_OPCODE, only(b -> op(b, 0x34))),
    ACKNOWLEDGE("9 header validation", PortCounter.DROPPED_OPCODE, only(b -> op(b, 0x31))),
    INVALIDATE("9 header validation", PortCounter.DROPPED_OPCODE, only(b -> op(b, 0x37))),
    SHORTER_THAN_RETH("9 header validation", PortCounter.DROPPED_SHORT, only(b -> op(b, 0x2A))),

    MIDDLE_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(MIDDLE, MTU)),
    LAST_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(LAST, 8)),
    LAST_IMM_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(LAST + 1, 8)),
    WRITE_MIDDLE_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(WRITE_MIDDLE, MTU)),
    WRITE_LAST_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(WRITE_LAST, 8)),
    WRITE_LAST_IMM_FIRST("9 UC opcode sequence", PortCounter.DROPPED_UC, part(WRITE_LAST + 1, 8)),
    SEND_INSIDE_A_WRITE(
        "9 UC opcode sequence",
        PortCounter.DROPPED_UC,
        write(WRITE_FIRST, MTU, 2 * MTU, 100_000, 0),
        part(LAST, 8)),
    WRITE_INSIDE_A_SEND(
        "9 UC opcode sequence", PortCounter.DROPPED_UC, part(FIRST, MTU), part(WRITE_LAST, 8)),
    GAP_INSIDE_A_SEND(
        "9 UC PSN verification", PortCounter.DROPPED_UC, part(FIRST, MTU), late(LAST, 1, 8)),
    GAP_INSIDE_A_WRITE(
        "9 UC PSN verification",
        PortCounter.DROPPED_UC,
        write(WRITE_FIRST, MTU, MTU + 8, 100_000, 0),
        late(WRITE_LAST, 1, 8)),
    REPEATED_MIDDLE(
        "9 UC PSN verification",
        PortCounter.DROPPED_UC,
        part(FIRST, MTU),
        part(MIDDLE, MTU),
        late(MIDDLE, -1, MTU)),

    NO_WRITE("9 opcode validation", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 8)),
    WRITE_KEY("9 R_Key validation", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 8, CELL, 0x999)),
    WRITE_BEYOND(
        "9 R_Key validation", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 8, Pair.MEMORY - 4, 0)),

    ONLY_LONGER_THAN_MTU("9 length C9-92", PortCounter.DROPPED_UC, part(ONLY, MTU + 4)),
    FIRST_SHORTER_THAN_MTU("9 length C9-92", PortCounter.DROPPED_UC, part(FIRST, MTU - 4)),
    FIRST_LONGER_THAN_MTU("9 length C9-92", PortCounter.DROPPED_UC, part(FIRST, MTU + 4)),
    MIDDLE_SHORTER_THAN_MTU(
        "9 length C9-92", PortCounter.DROPPED_UC, part(FIRST, MTU), part(MIDDLE, MTU - 4)),
    LAST_EMPTY("9 length C9-92", PortCounter.DROPPED_UC, part(FIRST, MTU), part(LAST, 0)),
    LAST_LONGER_THAN_MTU(
        "9 length C9-92", PortCounter.DROPPED_UC, part(FIRST, MTU), part(LAST, MTU + 4)),
    WRITE_SHORTER_THAN_ANNOUNCED(
        "9 length validation", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 9)),
    WRITE_LONGER_THAN_ANNOUNCED(
        "9 length validation", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 4)),
    WRITE_ENDS_EARLY(
        "9 length validation",
        PortCounter.DROPPED_UC,
        write(WRITE_FIRST, MTU, 3 * MTU, 100_000, 0),
        part(WRITE_LAST, 8)),
    WRITE_TOO_LONG("9 length C9-94", PortCounter.DROPPED_UC, write(WRITE_ONLY, 8, 0x8000_0001L)),
    RECEIVE_TOO_SHORT("9 length validation", PortCounter.DROPPED_UC, part(ONLY, MTU)),
    NO_RECEIVE("9 UC: no receive, dropped", PortCounter.DROPPED_UC, part(ONLY, 8)),
    NO_RECEIVE_FOR_IMMEDIATE(
        "9 UC: no receive, dropped", PortCounter.DROPPED_UC, write(WRITE_ONLY + 1, 8, 8)),
    SOURCE_ADDRESS("A17 source GID of the connection", PortCounter.DROPPED_ADDRESS, part(ONLY, 8));

    private final String rule;
    private final PortCounter counter;
    private final List<Part> parts;

    Uc(String rule, PortCounter counter, Part... parts) {
      this.rule = rule;
      this.counter = counter;
      this.parts = List.of(parts);
    }
  }

  private static Part only(Consumer<MemorySegment> change) {
    return part(ONLY, 8, b -> change.accept(b.segment));
  }

  private static Part empty(Consumer<MemorySegment> change) {
    return part(ONLY, 0, b -> change.accept(b.segment));
  }

  @ParameterizedTest
  @EnumSource
  void shouldDropAndCountEachWrongFieldOfAnUnreliableConnection(Uc row) throws Exception {
    Pair pair = connected(row == Uc.NO_WRITE ? 0 : AccessFlags.ALL);
    boolean withoutReceive = row == Uc.NO_RECEIVE || row == Uc.NO_RECEIVE_FOR_IMMEDIATE;
    if (!withoutReceive) {
      pair.backendB.postReceive(0, row == Uc.RECEIVE_TOO_SHORT ? MTU - 1 : 4 * MTU);
    }
    byte[] before = Pair.bytes(pair.b.memory, CELL, 64);
    int psn = PSN;
    for (Part each : row.parts) {
      SimPacket packet = uc(each, psn, pair).from(sender(row, pair), pair.b.low);
      pair.b.receive(packet, false, pair.nowNs);
      psn += each.psnOffset + 1;
    }
    pair.settle();
    onlyDrop(row.rule, pair, row.counter);
    assertThat(Pair.bytes(pair.b.memory, CELL, 64)).as("nothing was written").isEqualTo(before);
    if (withoutReceive) {
      pair.backendB.postReceive(0, 4 * MTU);
    }
    uc(part(ONLY, 8), psn, pair).deliver(pair);
    assertThat(pair.backendB.receiveDone)
        .as(row.rule + ": the next is taken")
        .extracting(SimBackend.ReceiveDone::status)
        .containsExactly(WcStatus.SUCCESS);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void shouldCountAMessageWhoseEndDoesNotComeBeforeTheNext(int gap) throws Exception {
    Pair pair = connected(AccessFlags.ALL);
    pair.backendB.postReceive(0, 4 * MTU);
    uc(part(FIRST, MTU), PSN, pair).deliver(pair);
    uc(part(ONLY, 8), PSN + 1 + gap, pair).deliver(pair);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_UC)).isEqualTo(1);
    assertThat(pair.backendB.receiveDone)
        .extracting(SimBackend.ReceiveDone::cookie)
        .as("the receive of the first serves the second")
        .containsExactly(0L);
    pair.backendB.postReceive(0, 4 * MTU);
    uc(part(ONLY, 8), PSN + 2 + gap, pair).deliver(pair);
    assertThat(pair.b.engine.counter(PortCounter.DROPPED_UC)).as("only begun ones").isEqualTo(1);
  }

  private static long sender(Uc row, Pair pair) {
    return row == Uc.SOURCE_ADDRESS ? pair.a.low + 1 : pair.a.low;
  }

  private static Crafted uc(Part part, int psn, Pair pair) {
    return Crafted.request(part.opcode, Pair.QPN_B, psn + part.psnOffset, part.payload)
        .with(bytes -> part.change.accept(new Bytes(bytes, pair.b.memory.allKey)));
  }

  /** Fields whose value, whatever it is, changes nothing or is handed on, by service. */
  private enum Any {
    SE("9 solicited event: handed on", b -> Wire.u8(b, 1, Wire.u8(b, 1) | 0x80)),
    MIG_REQ("9 migration: RoCE has no other path", b -> Wire.u8(b, 1, Wire.u8(b, 1) | 0x40)),
    LIMITED_MEMBER("10 P_Key: one of both may be limited", b -> Wire.u16(b, 2, 0x7FFF)),
    FECN("A17 FECN: the mark is in the IP header", b -> Wire.u8(b, 4, 0x80)),
    BECN("A17 BECN: means something in a CNP only", b -> Wire.u8(b, 4, 0x40)),
    RESERVED_6("9 reserved: ignored on receive", b -> Wire.u8(b, 4, 0x3F)),
    ACK_REQ("9 AckReq: unreliable services answer nothing", b -> Wire.u8(b, 8, 0x80)),
    RESERVED_7("9 reserved: ignored on receive", b -> Wire.u8(b, 8, 0x7F)),
    PSN_OF_A_FIRST("9 PSN of a message's first packet: taken as it is", b -> Wire.u24(b, 9, 5));

    private final String rule;
    private final Consumer<MemorySegment> change;

    Any(String rule, Consumer<MemorySegment> change) {
      this.rule = rule;
      this.change = change;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldTakeAnyValueOfTheseFields(Any row) throws Exception {
    Pair uc = connected(AccessFlags.ALL);
    uc.backendB.postReceive(0, MTU);
    Crafted.request(ONLY, Pair.QPN_B, PSN, 8).with(row.change).deliver(uc);
    taken(row, uc);
    Pair ud = datagrams();
    ud.backendB.postReceive(0, MTU);
    datagram(8, row.change).deliver(ud);
    taken(row, ud);
    if (row != Any.ACK_REQ && row != Any.PSN_OF_A_FIRST) {
      Pair rc = Pair.connected(a -> a);
      rc.backendB.postReceive(0, MTU);
      Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, 0xFF_FFF0, 8).with(row.change).deliver(rc);
      assertThat(rc.backendB.receiveDone).as(row.rule).hasSize(1);
    }
  }

  private static void taken(Any row, Pair pair) {
    pair.settle();
    assertThat(pair.backendB.receiveDone).as(row.rule).hasSize(1);
    SimBackend.ReceiveDone done = pair.backendB.receiveDone.getFirst();
    assertThat(done.status()).as(row.rule).isEqualTo(WcStatus.SUCCESS);
    assertThat(done.solicited()).as(row.rule).isEqualTo(row == Any.SE);
    assertThat(pair.log).as(row.rule + ": nothing is answered").isEmpty();
  }

  /** Values that the headers of datagrams may have, and that are handed on. */
  @ParameterizedTest
  @EnumSource(names = {"UC", "UD"})
  void shouldHandOnAnyImmediateDataAndAnySourceQueuePair(QpType type) throws Exception {
    for (int value : new int[] {0, 1, 0x8000_0000, -1}) {
      Pair pair = type == QpType.UC ? connected(AccessFlags.ALL) : datagrams();
      pair.backendB.postReceive(0, MTU);
      int opcode = type == QpType.UC ? ONLY + 1 : Opcode.UD_SEND_ONLY_IMM;
      Crafted.request(opcode, Pair.QPN_B, PSN, 8)
          .with(
              b -> {
                if (type == QpType.UD) {
                  Deth.write(b, Bth.LENGTH, QKEY, value & 0xFF_FFFF);
                  Wire.u8(b, Bth.LENGTH + 4, 0xFF);
                }
                ImmDt.write(b, Opcode.lastHeaderOffset(opcode), value);
              })
          .deliver(pair);
      SimBackend.ReceiveDone done = pair.backendB.receiveDone.getFirst();
      assertThat(done.immediateOrKey()).isEqualTo(value);
      assertThat(done.srcQpn()).isEqualTo(type == QpType.UD ? value & 0xFF_FFFF : Pair.QPN_A);
    }
  }
}
