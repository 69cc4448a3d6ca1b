// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Gids;
import ib.transport.wire.Opcode;
import ib.transport.wire.Wire;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * As {@link UnreliableHeaderTableTest}, for a datagram queue pair, a multicast group, QP1 and
 * congestion notifications.
 */
class DatagramHeaderTableTest extends UnreliableTable {
  private static final int MANY = 16 * MTU;
  private static final long GROUP = Gids.low(InetAddress.ofLiteral("239.1.2.3"));

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
            UnreliableTable::datagrams);
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
}
