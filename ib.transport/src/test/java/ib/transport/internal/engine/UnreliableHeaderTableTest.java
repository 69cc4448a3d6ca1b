// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Gids;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.transport.wire.Wire;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What each wrong field of a packet to an unreliable connection, a datagram queue pair, QP1 or a
 * multicast group does, and of a congestion notification: nothing is answered, the packet is
 * dropped and counted, and the next right one is taken.
 *
 * <p>The rules are named by chapter (9, transport; 10, software interface) or annex (A17, RoCEv2)
 * of the InfiniBand Architecture Specification vol. 1 and the title of the rule. Finer numbers are
 * given only where a public source quotes them: C9-92 and C9-94 (lengths, {@code rxe_resp.c}).
 */
class UnreliableHeaderTableTest {
  private static final int PSN = 0xFF_FFFD;
  private static final int MTU = 1024;
  private static final int CELL = 4096;
  private static final int QKEY = 0x1234;
  private static final int MANY = 16 * MTU;
  private static final long GROUP = Gids.low(InetAddress.ofLiteral("239.1.2.3"));

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
  private static final int ONLY = Opcode.UC_SEND_ONLY;
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

  private static void op(MemorySegment bytes, int opcode) {
    Wire.u8(bytes, 0, opcode);
  }

  private static Pair connected(int rights) throws RdmaException {
    Pair pair = new Pair(QpType.UC, SimHost.options());
    toRts(pair.qpA, pair.b.address, Pair.QPN_B, rights);
    toRts(pair.qpB, pair.a.address, Pair.QPN_A, rights);
    return pair;
  }

  private static void toRts(PortQp qp, InetAddress peer, int qpn, int rights) throws RdmaException {
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(rights));
    qp.modify(
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .destQpn(qpn)
            .pathMtuBytes(MTU)
            .rqPsn(PSN));
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(PSN));
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

  /** That nothing but a drop came of a packet, and that this was counted once. */
  private static void onlyDrop(String rule, Pair pair, PortCounter counter) {
    for (PortCounter each : PortCounter.values()) {
      if (each.name().startsWith("DROPPED")) {
        assertThat(pair.b.engine.counter(each))
            .as(rule + ": " + each)
            .isEqualTo(each == counter ? 1 : 0);
      }
    }
    assertThat(pair.log).as(rule + ": nothing is answered").isEmpty();
    assertThat(pair.backendB.receiveDone).as(rule + ": nothing is delivered").isEmpty();
    assertThat(pair.backendB.fatal).as(rule).isEmpty();
    assertThat(pair.qpB.state()).as(rule).isEqualTo(QpState.RTS);
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

  // Datagrams.

  private static Pair datagrams() throws RdmaException {
    Pair pair = new Pair(QpType.UD, SimHost.options());
    for (PortQp qp : new PortQp[] {pair.qpA, pair.qpB}) {
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY));
      qp.modify(new QpAttributes().state(QpState.RTR));
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(5));
    }
    return pair;
  }

  private static Crafted datagram(int payload, Consumer<MemorySegment> change) {
    return datagram(Opcode.UD_SEND_ONLY, Pair.QPN_B, QKEY, payload, change);
  }

  private static Crafted datagram(
      int opcode, int qpn, int qkey, int payload, Consumer<MemorySegment> change) {
    return Crafted.request(opcode, qpn, 0, payload)
        .with(b -> Deth.write(b, Bth.LENGTH, qkey, Pair.QPN_A))
        .with(change);
  }

  /** A datagram with one thing wrong. */
  private enum Ud {
    VERSION("9 header validation", PortCounter.DROPPED_OPCODE, b -> Bth.version(b, 0, 1)),
    QPN("9 header validation", PortCounter.DROPPED_QPN, b -> Wire.u24(b, 5, 0x999)),
    QP0("9 header validation", PortCounter.DROPPED_QPN, b -> Wire.u24(b, 5, 0)),
    GROUP_QPN(
        "10 multicast: to a group only", PortCounter.DROPPED_QPN, b -> Wire.u24(b, 5, 0xFFFFFF)),
    PKEY("9 header validation", PortCounter.DROPPED_PKEY, b -> Wire.u16(b, 2, 0x8001)),
    PKEY_OF_A_LIMITED_MEMBER("10 P_Key", PortCounter.DROPPED_PKEY, b -> Wire.u16(b, 2, 0x0001)),
    PAD("9 header validation", PortCounter.DROPPED_SHORT, b -> Bth.padCount(b, 0, 3), 0),
    OPCODE_OF_RC("9 header validation", PortCounter.DROPPED_OPCODE, b -> op(b, Opcode.SEND_ONLY)),
    OPCODE_OF_UC("9 header validation", PortCounter.DROPPED_OPCODE, b -> op(b, ONLY)),
    FIRST("9 UD: one packet a message", PortCounter.DROPPED_OPCODE, b -> op(b, 0x60)),
    LAST("9 UD: one packet a message", PortCounter.DROPPED_OPCODE, b -> op(b, 0x62)),
    WRITE("9 UD: SEND only", PortCounter.DROPPED_OPCODE, b -> op(b, 0x6A)),
    SHORTER_THAN_IMMEDIATE("9 header validation", PortCounter.DROPPED_SHORT, b -> op(b, 0x65), 0),
    QKEY_WRONG("10 Q_Key", PortCounter.DROPPED_QKEY, b -> Wire.u32(b, Bth.LENGTH, QKEY + 1)),
    QKEY_OF_QP1("10 Q_Key", PortCounter.DROPPED_QKEY, b -> Wire.u32(b, Bth.LENGTH, 0x8001_0000)),
    LONGER_THAN_THE_PORTS_MTU("9 length C9-92", PortCounter.DROPPED_UD_TOO_LONG, b -> {}, 4100),
    LONGER_THAN_THE_RECEIVE("9 UD: no room, dropped", PortCounter.DROPPED_UD_NO_RECV, b -> {}),
    NO_RECEIVE("9 UD: no receive, dropped", PortCounter.DROPPED_UD_NO_RECV, b -> {}),
    NOT_READY("10 state: INIT takes nothing", PortCounter.DROPPED_STATE, b -> {});

    private final String rule;
    private final PortCounter counter;
    private final Consumer<MemorySegment> change;
    private final int payload;

    Ud(String rule, PortCounter counter, Consumer<MemorySegment> change) {
      this(rule, counter, change, 8);
    }

    Ud(String rule, PortCounter counter, Consumer<MemorySegment> change, int payload) {
      this.rule = rule;
      this.counter = counter;
      this.change = change;
      this.payload = payload;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldDropAndCountEachWrongFieldOfADatagram(Ud row) throws Exception {
    Pair pair = datagrams();
    if (row == Ud.NOT_READY) {
      pair.qpB.modify(new QpAttributes().state(QpState.RESET));
      pair.qpB.modify(new QpAttributes().state(QpState.INIT).qkey(QKEY));
    }
    if (row != Ud.NO_RECEIVE) {
      pair.backendB.postReceive(0, row == Ud.LONGER_THAN_THE_RECEIVE ? 47 : MANY);
    }
    datagram(row.payload, row.change).deliver(pair);
    if (row == Ud.NOT_READY) {
      pair.qpB.modify(new QpAttributes().state(QpState.RTR));
      pair.qpB.modify(new QpAttributes().state(QpState.RTS).sqPsn(5));
    }
    pair.settle();
    onlyDrop(row.rule, pair, row.counter);
    pair.backendB.postReceive(0, MANY);
    int fits = row == Ud.LONGER_THAN_THE_RECEIVE ? 7 : 4096;
    datagram(fits, b -> {}).deliver(pair);
    assertThat(pair.backendB.receiveDone)
        .as(row.rule + ": the next is taken")
        .extracting(SimBackend.ReceiveDone::lengthBytes)
        .containsExactly(40 + fits);
  }

  /** A datagram to a group with one thing wrong; {@code DROPPED_*} as for one queue pair. */
  private enum ToGroup {
    OTHER_GROUP("10 multicast", PortCounter.DROPPED_QPN, b -> {}),
    QPN_OF_ONE("10 multicast: QPN 0xFFFFFF", PortCounter.DROPPED_QPN, b -> Wire.u24(b, 5, 0x222)),
    PKEY("9 header validation", PortCounter.DROPPED_PKEY, b -> Wire.u16(b, 2, 0x8001)),
    OPCODE_OF_RC("10 multicast: UD only", PortCounter.DROPPED_OPCODE, b -> op(b, 4)),
    NOTIFICATION("A17 CNP: to one sender", PortCounter.DROPPED_OPCODE, b -> op(b, Opcode.CNP)),
    QKEY_WRONG("10 Q_Key", PortCounter.DROPPED_QKEY, b -> Wire.u32(b, Bth.LENGTH, QKEY + 1)),
    TOO_LONG("9 length C9-92", PortCounter.DROPPED_UD_TOO_LONG, b -> {});

    private final String rule;
    private final PortCounter counter;
    private final Consumer<MemorySegment> change;

    ToGroup(String rule, PortCounter counter, Consumer<MemorySegment> change) {
      this.rule = rule;
      this.counter = counter;
      this.change = change;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldDropAndCountEachWrongFieldOfADatagramToAGroup(ToGroup row) throws Exception {
    Pair pair = datagrams();
    pair.qpB.attachMcast(0, GROUP);
    pair.backendB.postReceive(0, MANY);
    int payload = row == ToGroup.TOO_LONG ? 4100 : 8;
    toGroup(pair, row == ToGroup.OTHER_GROUP ? GROUP + 1 : GROUP, payload, row.change);
    pair.settle();
    onlyDrop(row.rule, pair, row.counter);
    toGroup(pair, GROUP, 8, b -> {});
    assertThat(pair.backendB.receiveDone).as(row.rule + ": the next is taken").hasSize(1);
  }

  private static void toGroup(Pair pair, long group, int payload, Consumer<MemorySegment> change) {
    SimPacket packet =
        datagram(Opcode.UD_SEND_ONLY, QueuePair.MULTICAST_QPN, QKEY, payload, change)
            .from(pair.a.low, group);
    pair.b.engine.receiveMulticast(
        0,
        group,
        0,
        pair.a.low,
        SimPacket.SOURCE_PORT,
        PortEngine.IP_ID_UNKNOWN,
        0,
        packet.segment(),
        0,
        packet.bytes().length,
        pair.nowNs);
  }

  // QP1.

  /** A MAD to QP1 with one thing wrong. */
  private enum Qp1 {
    QKEY_WRONG("10 Q_Key of QP1", PortCounter.DROPPED_QKEY, b -> Wire.u32(b, Bth.LENGTH, QKEY)),
    QKEY_0("10 Q_Key of QP1", PortCounter.DROPPED_QKEY, b -> Wire.u32(b, Bth.LENGTH, 0)),
    PKEY("9 header validation", PortCounter.DROPPED_PKEY, b -> Wire.u16(b, 2, 0x8001)),
    OPCODE_OF_RC("9 header validation", PortCounter.DROPPED_OPCODE, b -> op(b, 4)),
    IMMEDIATE("13 MADs: UD SEND only", PortCounter.DROPPED_OPCODE, b -> op(b, 0x65)),
    NOTIFICATION("A17 CNP: to who sends data", PortCounter.DROPPED_OPCODE, b -> op(b, Opcode.CNP)),
    SHORT("13 MADs: 256 bytes", PortCounter.DROPPED_SHORT, b -> {}),
    LONG("13 MADs: 256 bytes", PortCounter.DROPPED_UD_TOO_LONG, b -> {}),
    NOBODY("9 UD: no receive, dropped", PortCounter.DROPPED_UD_NO_RECV, b -> {});

    private final String rule;
    private final PortCounter counter;
    private final Consumer<MemorySegment> change;

    Qp1(String rule, PortCounter counter, Consumer<MemorySegment> change) {
      this.rule = rule;
      this.counter = counter;
      this.change = change;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldDropAndCountEachWrongFieldOfAManagementDatagram(Qp1 row) throws Exception {
    Pair pair = datagrams();
    List<Integer> lengths = new ArrayList<>();
    if (row != Qp1.NOBODY) {
      pair.b.engine.gsi().setHandler((h, l, q, segment, offset, length) -> lengths.add(length));
    }
    int payload =
        switch (row) {
          case SHORT -> Gsi.MAD_BYTES - 4;
          case LONG -> Gsi.MAD_BYTES + 4;
          case NOTIFICATION -> Opcode.CNP_RESERVED_BYTES - Deth.LENGTH;
          default -> Gsi.MAD_BYTES;
        };
    mad(payload, row.change).deliver(pair);
    pair.settle();
    onlyDrop(row.rule, pair, row.counter);
    assertThat(lengths).as(row.rule).isEmpty();
    pair.b.engine.gsi().setHandler((h, l, q, segment, offset, length) -> lengths.add(length));
    mad(Gsi.MAD_BYTES, b -> {}).deliver(pair);
    assertThat(lengths).as(row.rule + ": the next is taken").containsExactly(Gsi.MAD_BYTES);
  }

  private static Crafted mad(int payload, Consumer<MemorySegment> change) {
    return datagram(Opcode.UD_SEND_ONLY, 1, 0x8001_0000, payload, change);
  }

  // Congestion notifications.

  /** A congestion notification with one thing wrong; the counter is null where it is taken. */
  private enum Cnp {
    VERSION(PortCounter.DROPPED_OPCODE, b -> Bth.version(b, 0, 1)),
    OPCODE(PortCounter.DROPPED_OPCODE, b -> op(b, 0x80)),
    QPN(PortCounter.DROPPED_QPN, b -> Wire.u24(b, 5, 0x999)),
    PKEY(PortCounter.DROPPED_PKEY, b -> Wire.u16(b, 2, 0x8001)),
    PAD(PortCounter.DROPPED_SHORT, b -> Bth.padCount(b, 0, 1)),
    TOO_SHORT(PortCounter.DROPPED_SHORT, b -> {}),
    TOO_LONG(PortCounter.DROPPED_SHORT, b -> {}),
    SOURCE_ADDRESS(PortCounter.DROPPED_ADDRESS, b -> {}),
    BECN_CLEAR(null, b -> Wire.u8(b, 4, 0)),
    PSN(null, b -> Wire.u24(b, 9, 77)),
    ACK_REQ(null, b -> Wire.u8(b, 8, 0x80)),
    RESERVED_BYTES(null, b -> Wire.u64(b, Bth.LENGTH, -1));

    /** Datagrams have no peer, and so any may notify. */
    private static final Set<Cnp> OF_CONNECTIONS = EnumSet.of(SOURCE_ADDRESS);

    private final PortCounter counter;
    private final Consumer<MemorySegment> change;

    Cnp(PortCounter counter, Consumer<MemorySegment> change) {
      this.counter = counter;
      this.change = change;
    }
  }

  private interface Maker {
    Pair make() throws Exception;
  }

  @ParameterizedTest
  @EnumSource
  void shouldDropAndCountEachWrongFieldOfACongestionNotification(Cnp row) throws Exception {
    List<Maker> services =
        List.of(
            () -> Pair.connected(a -> a),
            () -> connected(AccessFlags.ALL),
            UnreliableHeaderTableTest::datagrams);
    for (Maker service : services) {
      Pair pair = service.make();
      boolean datagrams = pair.qpB.type() == QpType.UD;
      SimPacket packet = notification(row).from(source(row, pair), pair.b.low);
      pair.b.receive(packet, false, pair.nowNs);
      pair.settle();
      String rule = "A17 CNP: " + row + " to " + pair.qpB.type();
      boolean taken = row.counter == null || (datagrams && Cnp.OF_CONNECTIONS.contains(row));
      if (!taken) {
        onlyDrop(rule, pair, row.counter);
      }
      assertThat(pair.b.engine.counter(PortCounter.RP_CNP_HANDLED))
          .as(rule)
          .isEqualTo(taken ? 1 : 0);
      assertThat(pair.qpB.state()).as(rule).isEqualTo(QpState.RTS);
      assertThat(pair.log).as(rule + ": nothing is answered").isEmpty();
    }
  }

  private static long source(Cnp row, Pair pair) {
    return row == Cnp.SOURCE_ADDRESS ? pair.a.low + 1 : pair.a.low;
  }

  private static Crafted notification(Cnp row) {
    // A BTH with 16, 12 or 20 bytes behind it: made as a SEND, since a CNP has no payload.
    int behind = row == Cnp.TOO_SHORT ? 12 : row == Cnp.TOO_LONG ? 20 : 16;
    return Crafted.request(Opcode.SEND_ONLY, Pair.QPN_B, 0, behind)
        .with(b -> op(b, Opcode.CNP))
        .with(b -> Wire.u8(b, 4, 0x40))
        .with(row.change);
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
