// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Wire;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Neighbour discovery of a host of frames, against messages made by hand. */
class NeighbourDiscoveryTest {
  private static final long US_MAC = 0x0200_0A09_0001L;
  private static final long PEER_MAC = 0x0200_0A09_0002L;
  private static final long NET = 0xFD77_0000_0000_0000L;
  private static final long LINK_GROUP = 0xFF02_0000_0000_0000L;
  private static final long WAIT_NS = 30_000_000_000L;

  private final ReceiveBatch received = new ReceiveBatch();
  private EthernetIo host;
  private FrameLink wire;

  @BeforeEach
  void open() throws Exception {
    DatagramIoOptions options = DatagramIoOptions.defaults().withSendBatch(64, 4200);
    host =
        EthernetIo.open(
            InetAddress.ofLiteral("fd77::1"),
            0x0200_0AFF_FE09_0001L,
            LinkAddress.parse("dgram:127.21.4.25:7001->127.21.4.26:7001"),
            Faults.NONE,
            options);
    wire = LinkAddress.parse("dgram:127.21.4.26:7001->127.21.4.25:7001").open(options);
    // The report of the group of those who look for us.
    host.onTurn(1);
    answer();
  }

  @AfterEach
  void close() {
    host.close();
    wire.close();
  }

  /** Sends a message about a host, with one thing changed, but for the checksum, which fits. */
  private void send(int type, long about, BiConsumer<MemorySegment, Long> change)
      throws IOException {
    MemorySegment seg = wire.sendBatch().memory();
    long off = wire.sendBatch().position();
    long ip = off + Frames.LENGTH;
    Frames.write(seg, off, US_MAC, PEER_MAC, Frames.IPV6);
    Ipv6.source(seg, ip, NET, 2);
    Ipv6.destination(seg, ip, NET, 1);
    NeighbourDiscovery.write(seg, ip, type, NET, about, PEER_MAC);
    change.accept(seg, off);
    long icmp = ip + Ipv6.LENGTH;
    Wire.u16(seg, icmp + 2, 0);
    Wire.u16(seg, icmp + 2, ~Ipv6.sum(seg, ip, 32, Ipv4.ICMPV6));
    wire.sendBatch().add(wire.peer(), Frames.LENGTH + NeighbourDiscovery.LENGTH);
    wire.flush();
  }

  private void answer() throws IOException {
    long end = System.nanoTime() + WAIT_NS;
    do {
      assertThat(System.nanoTime() - end).as("no answer").isNegative();
      host.receive(received);
    } while (wire.receive(received) == 0);
    assertThat(received.next()).isTrue();
  }

  private static final int ICMP = Frames.LENGTH + Ipv6.LENGTH;

  /** What makes a message none. */
  private enum Wrong {
    HOP_LIMIT("RFC 4861 7.1: was routed", (m, o) -> Wire.u8(m, o + Frames.LENGTH + 7, 254)),
    CODE("RFC 4861 7.1: code", (m, o) -> Wire.u8(m, o + ICMP + 1, 1)),
    TARGET("RFC 4861 7.1: target is a group", (m, o) -> Wire.u8(m, o + ICMP + 8, 0xFF)),
    OPTION("RFC 4861 7.1: option without length", (m, o) -> Wire.u8(m, o + ICMP + 25, 0)),
    MAC("RFC 4861 4.6.1: one host's address", (m, o) -> Frames.mac(m, o + ICMP + 26, -1)),
    SOURCE("RFC 4291 2.7: source is a group", (m, o) -> Wire.u8(m, o + Frames.LENGTH + 8, 0xFF));

    private final String rule;
    private final BiConsumer<MemorySegment, Long> change;

    Wrong(String rule, BiConsumer<MemorySegment, Long> change) {
      this.rule = rule;
      this.change = change;
    }
  }

  @ParameterizedTest
  @EnumSource
  void shouldCountAndDropWhatIsNoMessage(Wrong row) throws Exception {
    int[] types = {NeighbourDiscovery.SOLICITATION, NeighbourDiscovery.ADVERTISEMENT};
    for (int i = 0; i < types.length; i++) {
      send(types[i], i == 0 ? 1 : 2, row.change);
      long end = System.nanoTime() + WAIT_NS;
      while (host.counter(IoCounter.RX_MALFORMED) == i) {
        assertThat(System.nanoTime() - end).as(row.rule).isNegative();
        host.receive(received);
      }
    }
    assertThat(wire.receive(received)).as(row.rule + ": nothing is answered").isZero();
  }

  @Test
  void shouldAnswerWhoAsksAlone() throws Exception {
    send(NeighbourDiscovery.SOLICITATION, 1, (seg, off) -> {});
    answer();
    long off = received.offset();
    assertThat(Frames.destination(received.memory(), off)).isEqualTo(PEER_MAC);
    assertThat(Wire.u32(received.memory(), off + ICMP + 4)).isEqualTo(0x6000_0000);
  }

  @Test
  void shouldTellEverybodyWhoseAddressItIsThatSomebodyWants() throws Exception {
    send(
        NeighbourDiscovery.SOLICITATION,
        1,
        (seg, off) -> Ipv6.source(seg, off + Frames.LENGTH, 0, 0));
    answer();
    MemorySegment seg = received.memory();
    long off = received.offset();
    long ip = off + Frames.LENGTH;
    assertThat(Frames.destination(seg, off)).isEqualTo(0x3333_0000_0001L);
    assertThat(Ipv6.destinationHigh(seg, ip)).isEqualTo(LINK_GROUP);
    assertThat(Ipv6.destinationLow(seg, ip)).isEqualTo(1);
    assertThat(Ipv6.hopLimit(seg, ip)).isEqualTo(255);
    assertThat(Wire.u8(seg, off + ICMP)).isEqualTo(NeighbourDiscovery.ADVERTISEMENT);
    assertThat(Wire.u32(seg, off + ICMP + 4)).as("override, not solicited").isEqualTo(0x2000_0000);
    assertThat(NeighbourDiscovery.targetLow(seg, off + ICMP)).isEqualTo(1);
    assertThat(Frames.mac(seg, off + ICMP + 26)).isEqualTo(US_MAC);
    assertThat(Ipv6.sum(seg, ip, 32, Ipv4.ICMPV6)).isEqualTo(0xFFFF);
  }
}
