// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each field of the headers in front of the BTH: what a wrong value does to the frame. The fields
 * of the BTH and what follows have their tables beside the engine.
 */
class FrameTableTest {
  private static final String US = "10.9.0.1";
  private static final String US_V6 = "fd77::1";
  private static final long US_MAC = 0x0200_0A09_0001L;
  private static final long PEER_MAC = 0x0200_0A09_0002L;
  private static final int PAYLOAD = 52;
  private static final long WAIT_NS = 30_000_000_000L;

  private final ReceiveBatch received = new ReceiveBatch();
  private EthernetIo host;
  private FrameLink wire;

  private void open(String address) throws Exception {
    DatagramIoOptions options = DatagramIoOptions.defaults().withSendBatch(64, 4200);
    long guid = 0x0200_0AFF_FE09_0001L;
    host =
        EthernetIo.open(
            InetAddress.ofLiteral(address),
            guid,
            LinkAddress.parse("dgram:127.21.4.21:7001->127.21.4.22:7001"),
            Faults.NONE,
            options);
    wire = LinkAddress.parse("dgram:127.21.4.22:7001->127.21.4.21:7001").open(options);
  }

  @AfterEach
  void close() {
    host.close();
    wire.close();
  }

  // What may be wrong; the frame's first byte is at the offset.

  private static final int IP = Frames.LENGTH;

  /** Fields of Ethernet, IPv4 and UDP. */
  private enum V4 {
    DESTINATION_MAC("IEEE 802.3", IoCounter.RX_IGNORED, (m, o) -> Frames.mac(m, o, US_MAC + 1)),
    GROUP_MAC("RFC 1112", IoCounter.RX_IGNORED, (m, o) -> Frames.mac(m, o, 0x0100_5E01_0203L)),
    TYPE("IEEE 802.3", IoCounter.RX_IGNORED, (m, o) -> Wire.u16(m, o + 12, 0x88CC)),
    TYPE_IPV6("IEEE 802.3", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + 12, 0x86DD)),
    VERSION("RFC 791", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP, 0x65)),
    HEADER_SHORT("RFC 791", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP, 0x44)),
    OPTIONS("RFC 791: none here", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP, 0x46)),
    LENGTH_LONG("RFC 791", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 2, 81)),
    LENGTH_SHORT("RFC 791", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 2, 19)),
    MORE_FRAGMENTS("RFC 791", IoCounter.RX_FRAGMENTS, (m, o) -> Wire.u16(m, o + IP + 6, 0x2000)),
    FRAGMENT_OFFSET("RFC 791", IoCounter.RX_FRAGMENTS, (m, o) -> Wire.u16(m, o + IP + 6, 0x0010)),
    PROTOCOL_TCP("RFC 791", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 9, 6)),
    SOURCE_GROUP(
        "RFC 1122", IoCounter.RX_MALFORMED, (m, o) -> Wire.u32(m, o + IP + 12, 0xE0000001)),
    SOURCE_ALL("RFC 1122", IoCounter.RX_MALFORMED, (m, o) -> Wire.u32(m, o + IP + 12, -1)),
    SOURCE_NOBODY("RFC 1122", IoCounter.RX_MALFORMED, (m, o) -> Wire.u32(m, o + IP + 12, 0)),
    DESTINATION("RFC 791", IoCounter.RX_IGNORED, (m, o) -> Wire.u32(m, o + IP + 16, 0x0A090009)),
    DESTINATION_GROUP(
        "RFC 1112", IoCounter.RX_IGNORED, (m, o) -> Wire.u32(m, o + IP + 16, 0xEF010203)),
    DESTINATION_ALL("RFC 1122", IoCounter.RX_IGNORED, (m, o) -> Wire.u32(m, o + IP + 16, -1)),
    UDP_PORT("RFC 768", IoCounter.RX_IGNORED, (m, o) -> Wire.u16(m, o + IP + 22, 53)),
    UDP_LENGTH_LONG("RFC 768", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 24, 61)),
    UDP_LENGTH_SHORT("RFC 768", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 24, 59)),
    UDP_LENGTH_NONE("RFC 768", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 24, 7));

    private final String rule;
    private final IoCounter counter;
    private final BiConsumer<MemorySegment, Long> damage;

    V4(String rule, IoCounter counter, BiConsumer<MemorySegment, Long> damage) {
      this.rule = rule;
      this.counter = counter;
      this.damage = damage;
    }
  }

  /** Fields of IPv6. */
  private enum V6 {
    VERSION("RFC 8200", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP, 0x40)),
    LENGTH_LONG("RFC 8200", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 4, 61)),
    LENGTH_SHORT("RFC 8200", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 4, 7)),
    NEXT_TCP("RFC 8200", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 6, 6)),
    NEXT_FRAGMENT("RFC 8200", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 6, 44)),
    NEXT_ROUTING("RFC 8200", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 6, 43)),
    HOP_BY_HOP("RFC 8200", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP + 6, 0)),
    SOURCE_GROUP("RFC 4291", IoCounter.RX_MALFORMED, (m, o) -> Wire.u8(m, o + IP + 8, 0xFF)),
    SOURCE_NOBODY(
        "RFC 4291", IoCounter.RX_MALFORMED, (m, o) -> m.asSlice(o + IP + 8, 16).fill((byte) 0)),
    DESTINATION("RFC 8200", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 39, 9)),
    DESTINATION_GROUP("RFC 8200", IoCounter.RX_IGNORED, (m, o) -> Wire.u8(m, o + IP + 24, 0xFF)),
    UDP_PORT("RFC 768", IoCounter.RX_IGNORED, (m, o) -> Wire.u16(m, o + IP + 42, 53)),
    UDP_LENGTH("RFC 768", IoCounter.RX_MALFORMED, (m, o) -> Wire.u16(m, o + IP + 44, 59));

    private final String rule;
    private final IoCounter counter;
    private final BiConsumer<MemorySegment, Long> damage;

    V6(String rule, IoCounter counter, BiConsumer<MemorySegment, Long> damage) {
      this.rule = rule;
      this.counter = counter;
      this.damage = damage;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountAndDropEachWrongFieldInFrontOfIpv4(V4 row) throws Exception {
    open(US);
    send(row.damage, false);
    dropped(row.rule + " " + row, row.counter);
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountAndDropEachWrongFieldInFrontOfIpv6(V6 row) throws Exception {
    open(US_V6);
    send(row.damage, true);
    dropped(row.rule + " " + row, row.counter);
  }

  private void dropped(String what, IoCounter counter) throws Exception {
    long end = System.nanoTime() + WAIT_NS;
    while (host.counter(counter) == 0) {
      assertThat(host.receive(received)).as(what).isZero();
      assertThat(System.nanoTime() - end).as("%s: waited too long", what).isNegative();
    }
    Stream.of(IoCounter.RX_IGNORED, IoCounter.RX_MALFORMED, IoCounter.RX_FRAGMENTS)
        .filter(other -> other != counter)
        .forEach(other -> assertThat(host.counter(other)).as("%s: %s", what, other).isZero());
  }

  @Test
  void shouldCountAndDropAWrongHeaderChecksumAndAFrameWithoutAHeader() throws Exception {
    open(US);
    MemorySegment seg = wire.sendBatch().memory();
    Frames.write(seg, wire.sendBatch().position(), US_MAC, PEER_MAC, Frames.IPV4);
    long ip = wire.sendBatch().position() + Frames.LENGTH;
    int us = InetAddress.ofLiteral(US).hashCode();
    Ipv4.write(seg, ip, 0, Ipv4.LENGTH, 7, Ipv4.UDP, us + 1, us);
    Wire.u16(seg, ip + 10, Wire.u16(seg, ip + 10) + 1);
    wire.sendBatch().add(wire.peer(), Frames.LENGTH + Ipv4.LENGTH);
    wire.flush();
    dropped("RFC 791 checksum", IoCounter.RX_MALFORMED);
    for (int length : new int[] {1, Frames.LENGTH - 1, Frames.LENGTH, Frames.LENGTH + 19}) {
      long before = host.counter(IoCounter.RX_MALFORMED);
      Frames.write(seg, wire.sendBatch().position(), US_MAC, PEER_MAC, Frames.IPV4);
      wire.sendBatch().add(wire.peer(), length);
      wire.flush();
      long end = System.nanoTime() + WAIT_NS;
      while (host.counter(IoCounter.RX_MALFORMED) == before) {
        assertThat(host.receive(received)).isZero();
        assertThat(System.nanoTime() - end).as("%d bytes", length).isNegative();
      }
    }
  }

  /** Values that a receiver does not look at, or hands on. */
  static Stream<Any> any() {
    return Stream.of(
        new Any(
            "RFC 2474: class and ECN are handed on", false, (m, o) -> Wire.u8(m, o + IP + 1, 0x6B)),
        new Any("RFC 6864: any identification", false, (m, o) -> Wire.u16(m, o + IP + 4, 0xFFFF)),
        new Any("RFC 791: reserved flag", false, (m, o) -> Wire.u16(m, o + IP + 6, 0x8000)),
        new Any("RFC 1122: TTL 0 has arrived", false, (m, o) -> Wire.u8(m, o + IP + 8, 0)),
        new Any("RFC 768: any source port", false, (m, o) -> Wire.u16(m, o + IP + 20, 1)),
        new Any(
            "A17: the ICRC covers more than the checksum",
            false,
            (m, o) -> Wire.u16(m, o + IP + 26, 0xBEEF)),
        new Any("RFC 8200: any flow label", true, (m, o) -> Wire.u32(m, o + IP, 0x600F_FFFF)),
        new Any(
            "RFC 2474: class and ECN are handed on",
            true,
            (m, o) -> Wire.u32(m, o + IP, 0x66B0_0000)),
        new Any("RFC 8200: hop limit 0 has arrived", true, (m, o) -> Wire.u8(m, o + IP + 7, 0)),
        new Any("RFC 6935: checksum 0", true, (m, o) -> Wire.u16(m, o + IP + 46, 0)));
  }

  record Any(String rule, boolean ipv6, BiConsumer<MemorySegment, Long> change) {}

  @ParameterizedTest
  @MethodSource("any")
  void shouldTakeAnyValueOfTheseFields(Any row) throws Exception {
    open(row.ipv6 ? US_V6 : US);
    send(row.change, row.ipv6);
    long end = System.nanoTime() + WAIT_NS;
    while (host.receive(received) == 0) {
      assertThat(System.nanoTime() - end).as(row.rule).isNegative();
    }
    assertThat(received.next()).isTrue();
    assertThat(received.length()).isEqualTo(PAYLOAD);
    assertThat(received.isToGroup()).isFalse();
    assertThat(received.trafficClass()).isEqualTo(row.rule.startsWith("RFC 2474") ? 0x6B : 0);
  }

  /** Sends a frame with one thing changed, but for the checksum of IPv4, which fits. */
  private void send(BiConsumer<MemorySegment, Long> damage, boolean ipv6) throws Exception {
    MemorySegment seg = wire.sendBatch().memory();
    long off = wire.sendBatch().position();
    int header = ipv6 ? Ipv6.LENGTH : Ipv4.LENGTH;
    int length = Frames.LENGTH + header + Frames.UDP_BYTES + PAYLOAD;
    seg.asSlice(off, length).fill((byte) 0);
    Frames.write(seg, off, US_MAC, PEER_MAC, ipv6 ? Frames.IPV6 : Frames.IPV4);
    long ip = off + Frames.LENGTH;
    int udpBytes = Frames.UDP_BYTES + PAYLOAD;
    if (ipv6) {
      Ipv6.write(seg, ip, 0, udpBytes, Ipv4.UDP, 64);
      Ipv6.source(seg, ip, 0xFD77_0000_0000_0000L, 2);
      Ipv6.destination(seg, ip, 0xFD77_0000_0000_0000L, 1);
    } else {
      int us = InetAddress.ofLiteral(US).hashCode();
      Ipv4.write(seg, ip, 0, Ipv4.LENGTH + udpBytes, 7, Ipv4.UDP, us + 1, us);
    }
    Wire.u16(seg, ip + header, 50_000);
    Wire.u16(seg, ip + header + 2, 4791);
    Wire.u16(seg, ip + header + 4, udpBytes);
    damage.accept(seg, off);
    if (!ipv6) {
      Wire.u16(seg, ip + 10, 0);
      Wire.u16(seg, ip + 10, ~Ipv4.sum(seg, ip, Ipv4.LENGTH, 0));
    }
    wire.sendBatch().add(wire.peer(), length);
    wire.flush();
  }
}
