// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a host of Ethernet frames tells of its multicast groups, seen on the wire. */
class MembershipsTest {
  private static final long WAIT_NS = 30_000_000_000L;
  private static final long SECOND_NS = 1_000_000_000L;
  private static final InetAddress GROUP = InetAddress.ofLiteral("239.1.2.3");
  private static final InetAddress GROUP_V6 = InetAddress.ofLiteral("ff15::1:2:3");

  /** IGMP of 10.9.0.1 about 239.1.2.3, worked out by hand. */
  private static final String REPORT =
      "01005e010203 02000a090001 0800 46c000200000400001 02 e909 0a090001 ef010203 94040000"
          + " 1600f8fa ef010203";

  private static final String LEAVE =
      "01005e000002 02000a090001 0800 46c000200000400001 02 fa0b 0a090001 e0000002 94040000"
          + " 1700f7fa ef010203";

  private final ReceiveBatch received = new ReceiveBatch();
  private EthernetIo host;
  private FrameLink wire;
  private long nowNs = 1;

  private void open(String address) throws Exception {
    DatagramIoOptions options = DatagramIoOptions.defaults().withSendBatch(64, 4200);
    host =
        EthernetIo.open(
            InetAddress.ofLiteral(address),
            0x0200_0AFF_FE09_0001L,
            LinkAddress.parse("dgram:127.21.4.23:7001->127.21.4.24:7001"),
            Faults.NONE,
            options);
    wire = LinkAddress.parse("dgram:127.21.4.24:7001->127.21.4.23:7001").open(options);
    turn();
  }

  @AfterEach
  void close() {
    host.close();
    wire.close();
  }

  private void turn() throws IOException {
    host.onTurn(nowNs);
    host.receive(received);
    host.flush();
  }

  /** The next frame that the host sends. */
  private byte[] next() throws IOException {
    ReceiveBatch seen = new ReceiveBatch(1);
    long end = System.nanoTime() + WAIT_NS;
    while (wire.receive(seen) == 0) {
      assertThat(System.nanoTime() - end).as("no frame").isNegative();
      turn();
    }
    assertThat(seen.next()).isTrue();
    return seen.memory().asSlice(seen.offset(), seen.length()).toArray(JAVA_BYTE);
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  private void join(InetAddress group) {
    host.join(Gids.high(group), Gids.low(group));
  }

  private void leave(InetAddress group) {
    host.leave(Gids.high(group), Gids.low(group));
  }

  /** Sends a frame to the host and waits until it has taken it. */
  private void deliver(String frame) throws IOException {
    byte[] bytes = hex(frame);
    MemorySegment.copy(
        bytes, 0, wire.sendBatch().memory(), JAVA_BYTE, wire.sendBatch().position(), bytes.length);
    wire.sendBatch().add(wire.peer(), bytes.length);
    // A frame that is counted follows it.
    byte[] mark = hex("02000a090001 02000a090002 88cc");
    wire.flush();
    MemorySegment.copy(
        mark, 0, wire.sendBatch().memory(), JAVA_BYTE, wire.sendBatch().position(), mark.length);
    wire.sendBatch().add(wire.peer(), mark.length);
    wire.flush();
    long before = host.counter(IoCounter.RX_IGNORED);
    long end = System.nanoTime() + WAIT_NS;
    while (host.counter(IoCounter.RX_IGNORED) == before) {
      assertThat(System.nanoTime() - end).as("not taken").isNegative();
      turn();
    }
  }

  @Test
  void shouldReportAGroupTwiceAndSayWhenItIsLeft() throws Exception {
    open("10.9.0.1");
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    join(GROUP);
    join(GROUP);
    assertThat(host.nextDeadlineNs()).isLessThanOrEqualTo(nowNs);
    assertThat(next()).isEqualTo(hex(REPORT));
    assertThat(host.nextDeadlineNs()).isBetween(nowNs, nowNs + Memberships.REPEAT_NS);
    nowNs = host.nextDeadlineNs();
    assertThat(next()).isEqualTo(hex(REPORT));
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    leave(GROUP);
    assertThat(next()).isEqualTo(hex(LEAVE));
    leave(GROUP);
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
  }

  /** A query from 10.9.0.9, whose longest time for an answer is 1 s, worked out by hand. */
  private static final String QUERY_OF_ALL =
      "01005e000001 02000a090009 0800 46c00020000000000102 3a05 0a090009 e0000001 94040000"
          + " 110aeef5 00000000";

  /** A report of 10.9.0.9 of the same group. */
  private static final String REPORT_OF_ANOTHER =
      "01005e010203 02000a090009 0800 46c00020000000000102 2902 0a090009 ef010203 94040000"
          + " 1600f8fa ef010203";

  private void joinAndReport() throws IOException {
    join(GROUP);
    next();
    nowNs = host.nextDeadlineNs();
    next();
  }

  @Test
  void shouldAnswerAQueryWithinItsTime() throws Exception {
    open("10.9.0.1");
    joinAndReport();
    deliver(QUERY_OF_ALL);
    assertThat(host.nextDeadlineNs()).isBetween(nowNs, nowNs + SECOND_NS);
    nowNs = host.nextDeadlineNs();
    assertThat(next()).isEqualTo(hex(REPORT));
    assertThat(host.counter(IoCounter.RX_MALFORMED)).isZero();
  }

  @Test
  void shouldSpeakVersionOneWhileARouterOfItIsThere() throws Exception {
    open("10.9.0.1");
    joinAndReport();
    deliver(QUERY_OF_ALL.replace("110aeef5", "1100eeff"));
    nowNs = host.nextDeadlineNs();
    String report = REPORT.replace("1600f8fa", "1200fcfa");
    assertThat(next()).isEqualTo(hex(report));
    leave(GROUP);
    turn();
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    join(GROUP);
    assertThat(next()).as("nothing was said of the end").isEqualTo(hex(report));
    nowNs += 400 * SECOND_NS;
    assertThat(next()).as("the router is gone").isEqualTo(hex(REPORT));
  }

  @Test
  void shouldReportFromItsAddressIfThatIsOfTheLink() throws Exception {
    open("fe80::1");
    byte[] report = next();
    assertThat(report)
        .isEqualTo(
            withChecksum(
                "3333ff000001 02000a090001 86dd 60000000 0020 00 01"
                    + "fe800000000000000000000000000001 ff0200000000000000000001ff000001"
                    + "3a00050200000100 8300 0000 0000 0000 ff0200000000000000000001ff000001"));
  }

  @Test
  void shouldLeaveTheAnswerAndTheEndToAHostThatWasFaster() throws Exception {
    open("10.9.0.1");
    joinAndReport();
    deliver(QUERY_OF_ALL);
    deliver(REPORT_OF_ANOTHER);
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    leave(GROUP);
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Checksum, length, header length, cut.
        "01005e000001 02000a090009 0800 46c00020000000000102 3a05 0a090009 e0000001 94040000 110aeef6 00000000",
        "01005e000001 02000a090009 0800 46c00021000000000102 3a04 0a090009 e0000001 94040000 110aeef5 00000000",
        "01005e000001 02000a090009 0800 42c00020000000000102 3e07 0a090009 e0000001 94040000 110aeef5 00000000",
        "01005e000001 02000a090009 0800 46c0001c000000000102 3a09 0a090009 e0000001 94040000 110aeef5"
      })
  void shouldCountAndDropABadQuery(String query) throws Exception {
    open("10.9.0.1");
    joinAndReport();
    deliver(query);
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    assertThat(host.counter(IoCounter.RX_MALFORMED)).isEqualTo(1);
  }

  @Test
  void shouldReportGroupsOfIpv6AndTheOneThatResolvesItsAddress() throws Exception {
    open("fd77::1");
    byte[] own = next();
    assertThat(own).startsWith(hex("3333ff000001 02000a090001 86dd 60000000 0020 00 01"));
    assertThat(mldGroup(own)).isEqualTo(InetAddress.ofLiteral("ff02::1:ff00:1"));
    join(GROUP_V6);
    byte[] report = next();
    assertThat(report)
        .isEqualTo(
            withChecksum(
                "333300020003 02000a090001 86dd 60000000 0020 00 01"
                    + "00000000000000000000000000000000 ff150000000000000000000100020003"
                    + "3a00050200000100 8300 0000 0000 0000 ff150000000000000000000100020003"));
    leave(GROUP_V6);
    byte[] done = next();
    assertThat(done).startsWith(hex("333300000002"));
    assertThat(done[Frames.LENGTH + Ipv6.LENGTH + 8] & 0xFF).isEqualTo(132);
    assertThat(mldGroup(done)).isEqualTo(GROUP_V6);
  }

  private static InetAddress mldGroup(byte[] frame) throws IOException {
    byte[] group = new byte[16];
    System.arraycopy(frame, Frames.LENGTH + Ipv6.LENGTH + 8 + 8, group, 0, 16);
    return InetAddress.getByAddress(group);
  }

  /** With the checksum of the ICMPv6 message behind 8 bytes of options. */
  private static byte[] withChecksum(String frame) {
    byte[] bytes = hex(frame);
    int[] sum = {bytes.length - Frames.LENGTH - Ipv6.LENGTH - 8 + 58};
    int icmp = Frames.LENGTH + Ipv6.LENGTH + 8;
    for (int i = Frames.LENGTH + 8; i < Frames.LENGTH + Ipv6.LENGTH; i += 2) {
      sum[0] += (bytes[i] & 0xFF) << 8 | bytes[i + 1] & 0xFF;
    }
    for (int i = icmp; i < bytes.length; i += 2) {
      sum[0] += (bytes[i] & 0xFF) << 8 | bytes[i + 1] & 0xFF;
    }
    int folded = (sum[0] & 0xFFFF) + (sum[0] >>> 16);
    MemorySegment seg = MemorySegment.ofArray(bytes);
    Wire.u16(seg, icmp + 2, ~((folded & 0xFFFF) + (folded >>> 16)));
    return bytes;
  }

  @Test
  void shouldAnswerAnMldQueryOfOneGroup() throws Exception {
    open("fd77::1");
    join(GROUP_V6);
    List<InetAddress> reported = new ArrayList<>();
    reported.add(mldGroup(next()));
    reported.add(mldGroup(next()));
    nowNs += Memberships.REPEAT_NS;
    reported.add(mldGroup(next()));
    reported.add(mldGroup(next()));
    assertThat(reported).filteredOn(GROUP_V6::equals).hasSize(2);
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    String query =
        "333300020003 02000a090009 86dd 60000000 0020 00 01"
            + "fe800000000000000000000000000009 ff150000000000000000000100020003"
            + "3a00050200000100 8200 0000 03e8 0000 ff150000000000000000000100020003";
    deliver(HexFormat.of().formatHex(withChecksum(query)));
    assertThat(host.nextDeadlineNs()).isBetween(nowNs, nowNs + SECOND_NS);
    nowNs = host.nextDeadlineNs();
    assertThat(mldGroup(next())).isEqualTo(GROUP_V6);
    // Not from a router of this link.
    byte[] routed = withChecksum(query.replace("fe80", "fd77"));
    deliver(HexFormat.of().formatHex(routed));
    assertThat(host.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldTakeWhatIsSentToAGroupAndNothingElseWithItsHardwareAddress() throws Exception {
    open("10.9.0.1");
    assertThat(datagram("239.1.2.3")).isNull();
    join(GROUP);
    next();
    assertThat(datagram("239.1.2.3")).isEqualTo(GROUP);
    // The same 23 bits.
    assertThat(datagram("239.129.2.3")).isNull();
    assertThat(datagram("239.1.2.4")).isNull();
    leave(GROUP);
    next();
    assertThat(datagram("239.1.2.3")).isNull();
  }

  /** Sends a datagram to a group; the group that it was received for, or null. */
  private InetAddress datagram(String group) throws IOException {
    MemorySegment seg = wire.sendBatch().memory();
    long off = wire.sendBatch().position();
    InetAddress to = InetAddress.ofLiteral(group);
    Frames.write(seg, off, Frames.groupMac(0, Gids.low(to)), 0x0200_0A09_0002L, Frames.IPV4);
    long ip = off + Frames.LENGTH;
    Ipv4.write(seg, ip, 0, 48, 7, Ipv4.UDP, 0x0A09_0002, to.hashCode());
    Wire.u32(seg, ip + 20, 4791 << 16 | 4791);
    Wire.u32(seg, ip + 24, 28 << 16);
    wire.sendBatch().add(wire.peer(), Frames.LENGTH + 48);
    wire.flush();
    long before = host.counter(IoCounter.RX_IGNORED);
    long end = System.nanoTime() + WAIT_NS;
    while (host.counter(IoCounter.RX_IGNORED) == before) {
      assertThat(System.nanoTime() - end).as("neither taken nor counted").isNegative();
      if (host.receive(received) > 0) {
        assertThat(received.next()).isTrue();
        assertThat(received.length()).isEqualTo(20);
        assertThat(received.isToGroup()).isTrue();
        return Gids.address(received.groupHigh(), received.groupLow());
      }
    }
    return null;
  }
}
