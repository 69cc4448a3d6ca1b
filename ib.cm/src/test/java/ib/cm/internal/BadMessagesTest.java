// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.Peer;
import ib.transport.wire.CmApr;
import ib.transport.wire.CmDrep;
import ib.transport.wire.CmDreq;
import ib.transport.wire.CmLap;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmMra;
import ib.transport.wire.CmRej;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.CmRtu;
import ib.transport.wire.CmSidrRep;
import ib.transport.wire.CmSidrReq;
import ib.transport.wire.Mad;
import ib.transport.wire.MadBytes;
import ib.transport.wire.MadField;
import ib.transport.wire.MadLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A message of each kind, right but for one field: what the connection manager answers, or which
 * counter tells that it was dropped; and for every field that has no such row, that a message with
 * any value of it is taken.
 *
 * <p>The rules are named by chapter of IBA vol. 1 (10, software interface; 12, communication
 * management; 13, management model; 16, general services) or annex (A11, RDMA IP CM service) and
 * title. The numbers of tables in chapter 12 are those that {@code ibta_vol1_c12.h} of Linux
 * quotes; no finer number could be checked against a public source.
 */
class BadMessagesTest {
  /**
   * One row.
   *
   * @param section where it is said
   * @param message which message is wrong
   * @param field what is wrong in it
   * @param damage makes it wrong
   * @param answer what is sent back, e.g. {@code REJ 8}; empty for nothing
   * @param counter what counts it; null where the answer is all
   */
  record Row(
      String section,
      String message,
      String field,
      Consumer<MemorySegment> damage,
      String answer,
      CmCounter counter) {
    @Override
    public String toString() {
      return message + ": " + field + " -> " + (answer.isEmpty() ? counter : answer);
    }
  }

  private static final CmCounter ID = CmCounter.DROPPED_UNKNOWN_ID;
  private static final CmCounter STATE = CmCounter.DROPPED_STATE;
  private static final CmCounter MALFORMED = CmCounter.DROPPED_MALFORMED;

  private static Consumer<MemorySegment> set(MadField field, long value) {
    return mad -> field.set(mad, 0, value);
  }

  private static Consumer<MemorySegment> flip(MadField field) {
    return mad -> field.set(mad, 0, ~field.get(mad, 0));
  }

  private static Consumer<MemorySegment> damageByte(MadBytes block, int index) {
    return mad -> {
      long at = block.offset() + (long) index;
      mad.set(ValueLayout.JAVA_BYTE, at, (byte) ~mad.get(ValueLayout.JAVA_BYTE, at));
    };
  }

  static Stream<Row> rows() {
    List<Row> rows = new ArrayList<>();
    headers(rows);
    requests(rows);
    datagrams(rows);
    others(rows);
    return rows.stream();
  }

  private static void headers(List<Row> rows) {
    for (String message : List.of("REQ", "REP", "DREQ", "SIDR_REQ")) {
      rows.add(
          row("13 MAD header", message, "base version", set(Mad.BASE_VERSION, 2), "", MALFORMED));
      rows.add(
          row(
              "13 management class",
              message,
              "class",
              set(Mad.MANAGEMENT_CLASS, 8),
              "",
              MALFORMED));
      rows.add(row("13 methods", message, "method", set(Mad.METHOD, 1), "", MALFORMED));
      rows.add(
          row(
              "16 CM attributes",
              message,
              "attribute",
              set(Mad.ATTRIBUTE_ID, 0x0F),
              "",
              CmCounter.DROPPED_UNSUPPORTED));
    }
    Consumer<MemorySegment> version = set(Mad.CLASS_VERSION, 1);
    rows.add(
        row("12 rejection reasons", "REQ", "class version", version, "REJ 31 info 02", MALFORMED));
    rows.add(row("12 SIDR status", "SIDR_REQ", "class version", version, "SIDR_REP 5", MALFORMED));
    rows.add(row("13 MAD header", "REP", "class version", version, "", MALFORMED));
    rows.add(row("13 MAD header", "DREQ", "class version", version, "", MALFORMED));
  }

  private static void requests(List<Row> rows) {
    String section = "12 rejection reasons";
    rows.add(row(section, "REQ", "service id", set(CmReq.SERVICE_ID, 77), "REJ 8", null));
    rows.add(row(section, "REQ", "transport RD", set(CmReq.TRANSPORT, 2), "REJ 9", null));
    rows.add(
        row(
            "A11 service ids",
            "REQ",
            "UC of the TCP space",
            set(CmReq.TRANSPORT, 1),
            "REJ 9",
            null));
    rows.add(row(section, "REQ", "transport XRC", set(CmReq.TRANSPORT, 3), "REJ 9", null));
    rows.add(
        row(
            section,
            "REQ",
            "datagram service",
            set(CmReq.SERVICE_ID, Station.UDP_SERVICE),
            "REJ 9",
            null));
    rows.add(
        row(
            section,
            "REQ",
            "primary remote GID",
            damageByte(CmReq.PRIMARY_REMOTE_GID, 15),
            "REJ 12 info 00000000000000000000ffffc0000202",
            null));
    rows.add(
        row(section, "REQ", "hop limit", set(CmReq.PRIMARY_HOP_LIMIT, 0), "REJ 16 info 40", null));
    for (int mtu : new int[] {0, 6, 15}) {
      rows.add(
          row(section, "REQ", "path MTU " + mtu, set(CmReq.PATH_MTU, mtu), "REJ 26 info 04", null));
    }
    rows.add(row(section, "REQ", "path MTU 4096", set(CmReq.PATH_MTU, 5), "REJ 26 info 04", null));
    rows.add(row(section, "REQ", "queue pair 0", set(CmReq.LOCAL_QPN, 0), "REJ 5", null));
    rows.add(row(section, "REQ", "queue pair 1", set(CmReq.LOCAL_QPN, 1), "REJ 5", null));
    rows.add(row("10 P_Key", "REQ", "P_Key", set(CmReq.PKEY, 0x8123), "REJ 5", null));
    rows.add(
        row(
            "A11 private data of REQ",
            "REQ",
            "IP header version",
            damageByte(CmReq.PRIVATE_DATA, 0),
            "REJ 5",
            null));
    rows.add(
        row(
            "A11 private data of REQ",
            "REQ",
            "IP version",
            damageByte(CmReq.PRIVATE_DATA, 1),
            "REJ 5",
            null));
    rows.add(
        row(
            "A11 private data of REQ",
            "REQ",
            "source IP",
            damageByte(CmReq.PRIVATE_DATA, 19),
            "REJ 5",
            null));
    rows.add(
        row(
            "A11 private data of REQ",
            "REQ",
            "destination IP",
            damageByte(CmReq.PRIVATE_DATA, 35),
            "REJ 5",
            null));
  }

  private static void datagrams(List<Row> rows) {
    String section = "12 SIDR status";
    rows.add(
        row(section, "SIDR_REQ", "service id", set(CmSidrReq.SERVICE_ID, 77), "SIDR_REP 1", null));
    rows.add(
        row(
            section,
            "SIDR_REQ",
            "connected service",
            set(CmSidrReq.SERVICE_ID, Station.SERVICE),
            "SIDR_REP 1",
            null));
    rows.add(row("10 P_Key", "SIDR_REQ", "P_Key", set(CmSidrReq.PKEY, 0x8123), "SIDR_REP 1", null));
    for (int at : new int[] {0, 1, 19, 35}) {
      rows.add(
          row(
              "A11 private data of REQ",
              "SIDR_REQ",
              "IP header, byte " + at,
              damageByte(CmSidrReq.PRIVATE_DATA, at),
              "SIDR_REP 2",
              null));
    }
    rows.add(row("12 table 120", "SIDR_REP", "request id", flip(CmSidrRep.REQUEST_ID), "", ID));
    rows.add(
        row("12 table 120", "SIDR_REP", "service id", flip(CmSidrRep.SERVICE_ID), "", MALFORMED));
    rows.add(row("12 table 120", "SIDR_REP", "queue pair 0", set(CmSidrRep.QPN, 0), "", MALFORMED));
  }

  private static void others(List<Row> rows) {
    rows.add(
        row("12 rejection reasons", "REP", "remote id", flip(CmRep.REMOTE_COMM_ID), "REJ 6", ID));
    rows.add(row("12 table 110", "REP", "queue pair 1", set(CmRep.LOCAL_QPN, 1), "REJ 5", null));
    rows.add(row("12 communication ids", "RTU", "remote id", flip(CmRtu.REMOTE_COMM_ID), "", ID));
    rows.add(row("12 communication ids", "RTU", "local id", flip(CmRtu.LOCAL_COMM_ID), "", ID));
    rows.add(row("12 communication ids", "MRA", "remote id", flip(CmMra.REMOTE_COMM_ID), "", ID));
    rows.add(row("12 table 107", "MRA", "message REP", set(CmMra.MESSAGE, 1), "", STATE));
    rows.add(row("12 table 107", "MRA", "message LAP", set(CmMra.MESSAGE, 2), "", STATE));
    rows.add(row("12 table 107", "MRA", "message 3", set(CmMra.MESSAGE, 3), "", STATE));
    rows.add(row("12 communication ids", "REJ", "remote id", flip(CmRej.REMOTE_COMM_ID), "", ID));
    rows.add(row("12 disconnect", "DREQ", "remote id", flip(CmDreq.REMOTE_COMM_ID), "DREP", ID));
    rows.add(row("12 disconnect", "DREQ", "local id", flip(CmDreq.LOCAL_COMM_ID), "DREP", ID));
    rows.add(row("12 table 112", "DREQ", "remote queue pair", flip(CmDreq.REMOTE_QPN), "", STATE));
    rows.add(row("12 communication ids", "DREP", "remote id", flip(CmDrep.REMOTE_COMM_ID), "", ID));
    rows.add(row("12 communication ids", "DREP", "local id", flip(CmDrep.LOCAL_COMM_ID), "", ID));
    rows.add(row("12 APR status", "LAP", "nothing", mad -> {}, "APR 2", CmCounter.REFUSED));
    rows.add(row("12 APR status", "LAP", "remote id", flip(CmLap.REMOTE_COMM_ID), "APR 1", ID));
    rows.add(row("12 APR status", "LAP", "local id", flip(CmLap.LOCAL_COMM_ID), "APR 1", ID));
    rows.add(
        row("12 APR status", "APR", "not asked for", mad -> {}, "", CmCounter.DROPPED_UNSUPPORTED));
  }

  private static Row row(
      String section,
      String message,
      String field,
      Consumer<MemorySegment> damage,
      String answer,
      CmCounter counter) {
    return new Row(section, message, field, damage, answer, counter);
  }

  private final Fabric fabric = Fabric.perfect(3);
  private Station a;
  private Station b;

  @BeforeEach
  void build() throws Exception {
    a = fabric.station("a", "192.0.2.1", 2048);
    b = fabric.station("b", "192.0.2.2", 2048);
    b.engine.listen(Station.SERVICE, b);
    b.engine.listenDatagrams(Station.UDP_SERVICE, b);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldAnswerOrCountWhatIsWrong(Row row) {
    MemorySegment mad = original(row.message);
    boolean toActive = isToActive(row.message);
    Station from = toActive ? b : a;
    Station to = toActive ? a : b;
    row.damage.accept(mad);
    long before = row.counter == null ? 0 : to.engine.counter(row.counter);
    fabric.sent.clear();
    int requests = to.requests.size() + to.datagrams.size();
    to.engine.receive(from.port.gidHigh(), from.port.gidLow(), mad, 0, Mad.LENGTH, fabric.nowNs);
    assertThat(String.join(", ", fabric.sent.stream().map(BadMessagesTest::text).toList()))
        .as("%s: %s", row.section, row)
        .isEqualTo(row.answer);
    if (row.counter != null) {
      assertThat(to.engine.counter(row.counter))
          .as("%s %s", row, row.counter)
          .isEqualTo(before + 1);
    }
    assertThat(to.requests.size() + to.datagrams.size()).as("asked").isEqualTo(requests);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldTakeTheSameMessageUndamaged(Row row) {
    if (List.of("LAP", "APR").contains(row.message)) {
      return;
    }
    MemorySegment mad = original(row.message);
    boolean toActive = isToActive(row.message);
    Station from = toActive ? b : a;
    Station to = toActive ? a : b;
    long drops = drops(to);
    to.engine.receive(from.port.gidHigh(), from.port.gidLow(), mad, 0, Mad.LENGTH, fabric.nowNs);
    assertThat(drops(to)).as("dropped or refused").isEqualTo(drops);
  }

  /** Fields that have rows above, or name what the message is. */
  private static final Set<MadField> WITH_ROWS =
      Set.of(
          Mad.BASE_VERSION,
          Mad.MANAGEMENT_CLASS,
          Mad.CLASS_VERSION,
          Mad.METHOD,
          Mad.ATTRIBUTE_ID,
          CmReq.SERVICE_ID,
          CmReq.TRANSPORT,
          CmReq.PRIMARY_HOP_LIMIT,
          CmReq.PATH_MTU,
          CmReq.LOCAL_QPN,
          CmReq.PKEY,
          CmRep.REMOTE_COMM_ID,
          CmRep.LOCAL_QPN,
          CmRtu.LOCAL_COMM_ID,
          CmRtu.REMOTE_COMM_ID,
          CmMra.REMOTE_COMM_ID,
          CmMra.MESSAGE,
          CmRej.REMOTE_COMM_ID,
          CmDreq.LOCAL_COMM_ID,
          CmDreq.REMOTE_COMM_ID,
          CmDreq.REMOTE_QPN,
          CmDrep.LOCAL_COMM_ID,
          CmDrep.REMOTE_COMM_ID,
          CmSidrReq.SERVICE_ID,
          CmSidrReq.PKEY,
          CmSidrRep.REQUEST_ID,
          CmSidrRep.SERVICE_ID,
          CmSidrRep.QPN);

  private static final Set<MadBytes> WITH_ADDRESSES =
      Set.of(CmReq.PRIVATE_DATA, CmSidrReq.PRIVATE_DATA);

  private static final Map<String, MadLayout> LAYOUTS =
      Map.of(
          "REQ", CmReq.LAYOUT,
          "REP", CmRep.LAYOUT,
          "RTU", CmRtu.LAYOUT,
          "MRA", CmMra.LAYOUT,
          "REJ", CmRej.LAYOUT,
          "DREQ", CmDreq.LAYOUT,
          "DREP", CmDrep.LAYOUT,
          "SIDR_REQ", CmSidrReq.LAYOUT,
          "SIDR_REP", CmSidrRep.LAYOUT);

  static Stream<Row> otherFields() {
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<String, MadLayout> each : LAYOUTS.entrySet()) {
      Stream.concat(Mad.LAYOUT.fields().stream(), each.getValue().fields().stream())
          .filter(field -> !WITH_ROWS.contains(field))
          .forEach(
              field ->
                  rows.add(row("any value", each.getKey(), field.name(), flip(field), "", null)));
      for (MadBytes block : each.getValue().blocks()) {
        boolean addresses = WITH_ADDRESSES.contains(block);
        if (!block.equals(CmReq.PRIMARY_REMOTE_GID)) {
          // What is behind the addresses of RDMA-CM is the application's.
          int index = addresses ? 36 : 0;
          rows.add(row("any", each.getKey(), block.name(), damageByte(block, index), "", null));
        }
      }
    }
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("otherFields")
  void shouldTakeAMessageWithAnyValueOfTheOtherFields(Row row) {
    MemorySegment mad = original(row.message);
    boolean toActive = isToActive(row.message);
    Station from = toActive ? b : a;
    Station to = toActive ? a : b;
    row.damage.accept(mad);
    long drops = drops(to);
    long received = to.engine.counter(CmCounter.RECEIVED);
    to.engine.receive(from.port.gidHigh(), from.port.gidLow(), mad, 0, Mad.LENGTH, fabric.nowNs);
    assertThat(drops(to)).as("%s: dropped or refused", row.field).isEqualTo(drops);
    assertThat(to.engine.counter(CmCounter.RECEIVED)).isEqualTo(received + 1);
  }

  /** A message is of a connection only if it comes from its peer. */
  @ParameterizedTest
  @CsvSource({
    "REP, REJ 6",
    "RTU, ''",
    "MRA, ''",
    "REJ, ''",
    "DREQ, DREP",
    "DREP, ''",
    "LAP, APR 1",
    "SIDR_REP, ''"
  })
  void shouldTakeNothingFromAStranger(String message, String answer) throws Exception {
    MemorySegment mad = original(message);
    Station stranger = fabric.station("s", "192.0.2.66", 2048);
    Station to = isToActive(message) ? a : b;
    List<CmState> states = states(to);
    long before = to.engine.counter(CmCounter.DROPPED_UNKNOWN_ID);
    fabric.sent.clear();
    to.engine.receive(
        stranger.port.gidHigh(), stranger.port.gidLow(), mad, 0, Mad.LENGTH, fabric.nowNs);
    assertThat(String.join(", ", fabric.sent.stream().map(BadMessagesTest::text).toList()))
        .isEqualTo(answer);
    assertThat(to.engine.counter(CmCounter.DROPPED_UNKNOWN_ID)).isEqualTo(before + 1);
    assertThat(states(to)).isEqualTo(states);
  }

  private static List<CmState> states(Station station) {
    return station.engine.table.all().stream().map(conn -> conn.state).toList();
  }

  /** Every MAD has 256 bytes (chapter 13). */
  @ParameterizedTest
  @ValueSource(
      strings = {"REQ", "REP", "RTU", "MRA", "REJ", "DREQ", "DREP", "LAP", "SIDR_REQ", "SIDR_REP"})
  void shouldDropWhatIsTooShort(String message) {
    MemorySegment mad = original(message);
    boolean toActive = isToActive(message);
    Station from = toActive ? b : a;
    Station to = toActive ? a : b;
    List<CmState> states = states(to);
    long before = to.engine.counter(MALFORMED);
    fabric.sent.clear();
    to.engine.receive(
        from.port.gidHigh(), from.port.gidLow(), mad, 0, Mad.LENGTH - 1, fabric.nowNs);
    assertThat(fabric.sent).isEmpty();
    assertThat(to.engine.counter(MALFORMED)).isEqualTo(before + 1);
    assertThat(states(to)).isEqualTo(states);
  }

  private static boolean isToActive(String message) {
    return List.of("REP", "MRA", "REJ", "DREP", "SIDR_REP").contains(message);
  }

  private static long drops(Station station) {
    return Stream.of(CmCounter.values())
        .filter(counter -> counter.name().startsWith("DROPPED") || counter == CmCounter.REFUSED)
        .mapToLong(station.engine::counter)
        .sum();
  }

  /** The message as it would have arrived, at the moment at which its receiver waits for it. */
  private MemorySegment original(String message) {
    return switch (message) {
      case "REQ" -> caught("a>b REQ", () -> a.connect(b));
      case "REP" -> caught("b>a REP", () -> a.connect(b));
      case "RTU" -> caught("a>b RTU", () -> a.connect(b));
      case "SIDR_REQ" ->
          caught("a>b SIDR_REQ", () -> a.resolve(b, Station.UDP_SERVICE, new byte[1]));
      case "SIDR_REP" ->
          caught("b>a SIDR_REP", () -> a.resolve(b, Station.UDP_SERVICE, new byte[1]));
      case "DREQ" -> caught("a>b DREQ", () -> a.disconnect(established()));
      case "DREP" -> caught("b>a DREP", () -> a.disconnect(established()));
      case "MRA", "REJ" -> answerOfTheCm(message);
      case "LAP", "APR" -> alternatePath(message);
      default -> throw new IllegalArgumentException(message);
    };
  }

  private MemorySegment caught(String what, Runnable action) {
    fabric.cut = what::equals;
    action.run();
    fabric.run(MS);
    fabric.cut = sent -> false;
    return copy(fabric.sent.get(fabric.log.lastIndexOf(what)));
  }

  private Peer established() {
    Peer peer = a.connect(b);
    fabric.run(MS);
    assertThat(peer.events).containsExactly("established");
    return peer;
  }

  /** An MRA or REJ of a REQ that its listener has not answered. */
  private MemorySegment answerOfTheCm(String message) {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    CmConn asked = b.requests.getFirst().conn();
    assertThat(asked.remoteId).isEqualTo(peer.conn.localId);
    return message.equals("MRA")
        ? CmMessages.mra(asked, CmMessages.OF_REQ, 18, new byte[0])
        : CmMessages.rej(asked, CmMessages.OF_REQ, 28);
  }

  private MemorySegment alternatePath(String message) {
    Peer peer = established();
    MemorySegment mad = MemorySegment.ofArray(new byte[Mad.LENGTH]);
    Mad.writeCm(mad, 0, message.equals("LAP") ? CmMessage.LAP : CmMessage.APR, 99);
    CmLap.LOCAL_COMM_ID.set(mad, 0, peer.conn.localId);
    CmLap.REMOTE_COMM_ID.set(mad, 0, peer.conn.remoteId);
    return mad;
  }

  private static MemorySegment copy(MemorySegment mad) {
    return MemorySegment.ofArray(mad.toArray(ValueLayout.JAVA_BYTE));
  }

  private static String text(MemorySegment mad) {
    int attribute = Mad.ATTRIBUTE_ID.getInt(mad, 0);
    String name = CmMessage.name(attribute);
    return switch (attribute) {
      case CmMessage.REJ -> name + " " + CmRej.REASON.get(mad, 0) + information(mad);
      case CmMessage.SIDR_REP -> name + " " + CmSidrRep.STATUS.get(mad, 0);
      case CmMessage.APR -> name + " " + CmApr.STATUS.get(mad, 0);
      default -> name;
    };
  }

  private static String information(MemorySegment rej) {
    int length = CmRej.INFO_LENGTH.getInt(rej, 0);
    StringBuilder text = new StringBuilder(length == 0 ? "" : " info ");
    for (int i = 0; i < length; i++) {
      text.append("%02x".formatted(CmRej.ARI.get(rej, 0)[i]));
    }
    return text.toString();
  }
}
