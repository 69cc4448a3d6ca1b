// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host of Ethernet frames, against another and against frames made by hand. */
class EthernetIoTest {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final long WAIT_NS = 30 * SECOND_NS;
  private static final String US = "10.9.0.1";
  private static final String PEER = "10.9.0.2";
  private static final long US_MAC = 0x0200_0A09_0001L;
  private static final long PEER_MAC = 0x0200_0A09_0002L;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final ReceiveBatch received = new ReceiveBatch();
  private long nowNs = 1;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  private static LinkAddress cable(int us, int other) {
    return LinkAddress.parse("dgram:127.21.4." + us + ":7001->127.21.4." + other + ":7001");
  }

  private static DatagramIoOptions options() {
    return DatagramIoOptions.defaults().withSendBatch(256, 4200);
  }

  private EthernetIo host(String address, LinkAddress link) throws Exception {
    long guid = 0x0200_0AFF_FE00_0000L | (InetAddress.ofLiteral(address).hashCode() & 0xFF_FFFF);
    EthernetIo io =
        EthernetIo.open(InetAddress.ofLiteral(address), guid, link, Faults.NONE, options());
    opened.add(io);
    return io;
  }

  /** The bare other end of a link, for frames made by hand. */
  private FrameLink bare(LinkAddress link) throws Exception {
    FrameLink frames = link.open(options());
    opened.add(frames);
    return frames;
  }

  private static PeerAddress peer(String address) {
    return PeerAddress.of(InetAddress.ofLiteral(address), 4791);
  }

  private static void queue(EthernetIo io, String to, int length, int mark) {
    MemorySegment memory = io.sendBatch().memory();
    memory.asSlice(io.sendBatch().position(), length).fill((byte) mark);
    io.sendBatch().add(peer(to), length);
  }

  private void turn(EthernetIo io, List<String> arrived) throws IOException {
    io.onTurn(nowNs);
    io.receive(received);
    while (received.next()) {
      arrived.add(
          received.length()
              + "x"
              + received.memory().get(JAVA_BYTE, received.offset())
              + " id "
              + received.identification());
    }
    io.flush();
  }

  private static void until(Condition condition) throws Exception {
    long end = System.nanoTime() + WAIT_NS;
    while (!condition.holds()) {
      assertThat(System.nanoTime() - end).as("waited too long").isNegative();
      Thread.onSpinWait();
    }
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.9.0.1 10.9.0.2", "fd77::1 fd77::2"})
  void shouldFindItsPeerAndDeliverInOrder(String addresses) throws Exception {
    String[] both = addresses.split(" ");
    EthernetIo a = host(both[0], cable(1, 2));
    EthernetIo b = host(both[1], cable(2, 1));
    for (int i = 1; i <= 3; i++) {
      queue(a, both[1], 1000 * i, i);
    }
    List<String> arrived = new ArrayList<>();
    until(
        () -> {
          turn(a, new ArrayList<>());
          turn(b, arrived);
          return arrived.size() == 3;
        });
    boolean v4 = both[0].contains(".");
    assertThat(arrived)
        .containsExactly(
            "1000x1 id " + (v4 ? 1 : -1),
            "2000x2 id " + (v4 ? 2 : -1),
            "3000x3 id " + (v4 ? 3 : -1));
    received.rewind();
    assertThat(b.counter(IoCounter.RX_MALFORMED)).isZero();
  }

  @Test
  void shouldKeepFewFramesWhileItAsksAndGiveUpAfterThreeQuestions() throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink other = bare(cable(2, 1));
    a.onTurn(nowNs);
    for (int i = 0; i < WaitingFrames.MOST_EACH + 5; i++) {
      queue(a, PEER, 100, i);
    }
    a.flush();
    assertThat(a.counter(IoCounter.TX_UNRESOLVED)).isEqualTo(5);
    for (int i = 0; i < 4; i++) {
      assertThat(a.nextDeadlineNs()).isEqualTo(nowNs + SECOND_NS);
      nowNs += SECOND_NS;
      a.onTurn(nowNs);
      a.flush();
      if (i == Neighbours.MOST_QUESTIONS - 1) {
        break;
      }
    }
    assertThat(a.counter(IoCounter.TX_UNREACHABLE)).isEqualTo(WaitingFrames.MOST_EACH);
    assertThat(a.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
    int questions = 0;
    other.receive(received);
    while (received.next()) {
      long off = received.offset();
      assertThat(Frames.type(received.memory(), off)).isEqualTo(Frames.ARP);
      assertThat(Frames.destination(received.memory(), off)).isEqualTo(Frames.BROADCAST);
      questions++;
    }
    assertThat(questions).isEqualTo(Neighbours.MOST_QUESTIONS);
  }

  @Test
  void shouldAskAnOldNeighbourAgainAndGoOnMeanwhile() throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink other = bare(cable(2, 1));
    a.onTurn(nowNs);
    arp(other, Arp.REQUEST);
    until(
        () -> {
          a.receive(received);
          return other.receive(received) == 1;
        });
    nowNs += Neighbours.TRUST_NS;
    a.onTurn(nowNs);
    queue(a, PEER, 100, 1);
    a.flush();
    List<Integer> types = new ArrayList<>();
    until(
        () -> {
          other.receive(received);
          while (received.next()) {
            assertThat(Frames.destination(received.memory(), received.offset()))
                .isEqualTo(PEER_MAC);
            types.add(Frames.type(received.memory(), received.offset()));
          }
          return types.size() == 2;
        });
    assertThat(types).containsExactlyInAnyOrder(Frames.ARP, Frames.IPV4);
  }

  private static void arp(FrameLink link, int operation) throws IOException {
    MemorySegment seg = link.sendBatch().memory();
    long off = link.sendBatch().position();
    Frames.write(seg, off, Frames.BROADCAST, PEER_MAC, Frames.ARP);
    int us = InetAddress.ofLiteral(US).hashCode();
    int peer = InetAddress.ofLiteral(PEER).hashCode();
    Arp.write(seg, off + Frames.LENGTH, operation, PEER_MAC, peer, 0, us);
    link.sendBatch().add(link.peer(), Frames.LENGTH + Arp.LENGTH);
    link.flush();
  }

  @Test
  void shouldAnswerPing() throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink other = bare(cable(2, 1));
    // Captured: ping -c 1 -s 4, with the addresses replaced.
    int length = ipv4(other, Ipv4.ICMP, 12, 0x4000);
    MemorySegment seg = other.sendBatch().memory();
    long icmp = other.sendBatch().position() + Frames.LENGTH + Ipv4.LENGTH;
    Wire.u32(seg, icmp, 0x0800_0000);
    Wire.u64(seg, icmp + 4, 0x0001_0002_1234_5678L);
    Wire.u16(seg, icmp + 2, ~Ipv4.sum(seg, icmp, 12, 0));
    other.sendBatch().add(other.peer(), length);
    other.flush();
    until(
        () -> {
          a.receive(received);
          return other.receive(received) == 1;
        });
    assertThat(received.next()).isTrue();
    long ip = received.offset() + Frames.LENGTH;
    assertThat(Ipv4.isValid(received.memory(), ip)).isTrue();
    assertThat(Ipv4.sum(received.memory(), ip + Ipv4.LENGTH, 12, 0)).isEqualTo(0xFFFF);
    assertThat(Wire.u8(received.memory(), ip + Ipv4.LENGTH)).isZero();
    assertThat(Wire.u64(received.memory(), ip + Ipv4.LENGTH + 4)).isEqualTo(0x0001_0002_1234_5678L);
  }

  /** Writes an IPv4 packet in a frame to us; gives the frame's length. */
  private static int ipv4(FrameLink link, int protocol, int payload, int fragment) {
    MemorySegment seg = link.sendBatch().memory();
    long off = link.sendBatch().position();
    seg.asSlice(off, Frames.LENGTH + Ipv4.LENGTH + payload).fill((byte) 0);
    Frames.write(seg, off, US_MAC, PEER_MAC, Frames.IPV4);
    long ip = off + Frames.LENGTH;
    int us = InetAddress.ofLiteral(US).hashCode();
    int peer = InetAddress.ofLiteral(PEER).hashCode();
    Ipv4.write(seg, ip, 0, Ipv4.LENGTH + payload, 7, protocol, peer, us);
    Wire.u16(seg, ip + 6, fragment);
    Wire.u16(seg, ip + 10, 0);
    Wire.u16(seg, ip + 10, ~Ipv4.sum(seg, ip, Ipv4.LENGTH, 0));
    Wire.u16(seg, ip + Ipv4.LENGTH, 50_000);
    Wire.u16(seg, ip + Ipv4.LENGTH + 2, 4791);
    Wire.u16(seg, ip + Ipv4.LENGTH + 4, payload);
    return Frames.LENGTH + Ipv4.LENGTH + payload;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "whole RX_PACKETS",
        "first-fragment RX_FRAGMENTS",
        "later-fragment RX_FRAGMENTS",
        "header-checksum RX_MALFORMED",
        "options RX_MALFORMED",
        "ip-length RX_MALFORMED",
        "udp-length RX_MALFORMED",
        "short RX_MALFORMED",
        "other-mac RX_IGNORED",
        "other-ip RX_IGNORED",
        "other-port RX_IGNORED",
        "other-protocol RX_IGNORED",
        "other-type RX_IGNORED"
      })
  void shouldCountAndDropWhatIsNotForThePort(String damage) throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink other = bare(cable(2, 1));
    String what = damage.split(" ")[0];
    IoCounter counter = IoCounter.valueOf(damage.split(" ")[1]);
    int fragment =
        what.equals("first-fragment") ? 0x2000 : what.equals("later-fragment") ? 0x0010 : 0x4000;
    int length = ipv4(other, what.equals("other-protocol") ? 6 : Ipv4.UDP, 60, fragment);
    damage(what, other.sendBatch().memory(), other.sendBatch().position());
    other.sendBatch().add(other.peer(), what.equals("short") ? Frames.LENGTH - 1 : length);
    other.flush();
    if (counter == IoCounter.RX_PACKETS) {
      until(() -> a.receive(received) == 1);
      assertThat(received.next()).isTrue();
      assertThat(received.length()).isEqualTo(52);
      assertThat(received.identification()).isEqualTo(7);
      assertThat(received.sourcePort()).isEqualTo(50_000);
      assertThat(received.sourceV4()).isEqualTo(InetAddress.ofLiteral(PEER).hashCode());
    } else {
      until(
          () -> {
            assertThat(a.receive(received)).isZero();
            return a.counter(counter) == 1;
          });
    }
  }

  private static void damage(String what, MemorySegment seg, long off) {
    long ip = off + Frames.LENGTH;
    long udp = ip + Ipv4.LENGTH;
    switch (what) {
      case "header-checksum" -> Wire.u16(seg, ip + 10, 1);
      case "options" -> Wire.u8(seg, ip, 0x46);
      case "ip-length" -> {
        Wire.u16(seg, ip + 2, 200);
        Wire.u16(seg, ip + 10, 0);
        Wire.u16(seg, ip + 10, ~Ipv4.sum(seg, ip, Ipv4.LENGTH, 0));
      }
      case "udp-length" -> Wire.u16(seg, udp + 4, 59);
      case "other-mac" -> Frames.mac(seg, off, US_MAC + 1);
      case "other-ip" -> {
        Wire.u32(seg, ip + 16, 0x0A09_0009);
        Wire.u16(seg, ip + 10, 0);
        Wire.u16(seg, ip + 10, ~Ipv4.sum(seg, ip, Ipv4.LENGTH, 0));
      }
      case "other-port" -> Wire.u16(seg, udp + 2, 53);
      case "other-type" -> Wire.u16(seg, off + 12, 0x88CC);
      default -> {}
    }
  }

  @Test
  void shouldTalkOverAStreamAndSayWhenItEnds(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    LinkAddress link = LinkAddress.parse("stream:" + path);
    assertThatThrownBy(() -> host(US, link))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining(path.toString())
        .hasMessageContaining("server=on");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      EthernetIo a = host(US, link);
      SocketChannel accepted = server.accept();
      InputStream in = Channels.newInputStream(accepted);
      OutputStream out = Channels.newOutputStream(accepted);
      a.onTurn(nowNs);
      queue(a, PEER, 100, 5);
      a.flush();
      assertThat(in.readNBytes(4)).containsExactly(0, 0, 0, 42);
      byte[] question = in.readNBytes(42);
      assertThat(question).startsWith(HexFormat.of().parseHex("ffffffffffff02000a0900010806"));
      byte[] answer =
          HexFormat.of()
              .parseHex(
                  "02000a09000102000a0900020806"
                      + "0001080006040002"
                      + "02000a0900020a090002"
                      + "02000a0900010a090001");
      // In pieces, as streams are.
      out.write(new byte[] {0, 0});
      out.write(new byte[] {0, 42});
      out.write(answer, 0, 20);
      a.receive(received);
      out.write(answer, 20, 22);
      until(
          () -> {
            a.receive(received);
            return a.sendBatch().queued() == 0 && a.counter(IoCounter.TX_PACKETS) == 1;
          });
      assertThat(in.readNBytes(4)).containsExactly(0, 0, 0, 142);
      assertThat(in.readNBytes(142)).startsWith(HexFormat.of().parseHex("02000a090002"));
      accepted.close();
      assertThatThrownBy(
              () ->
                  until(
                      () -> {
                        a.receive(received);
                        return false;
                      }))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("closed the link");
    }
  }

  /** A frame to somebody else behind its length, as often as wanted. */
  private static byte[] others(int times) {
    ByteBuffer bytes = ByteBuffer.allocate(times * 18);
    for (int i = 0; i < times; i++) {
      bytes.putInt(14).put(HexFormat.of().parseHex("02000a0900090200" + "0a09000288cc"));
    }
    return bytes.array();
  }

  @Test
  void shouldComeBackForFramesThatOneBatchHasNoRoomFor(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      EthernetIo a = host(US, LinkAddress.parse("stream:" + path));
      try (SocketChannel accepted = server.accept()) {
        Channels.newOutputStream(accepted).write(others(20));
        a.onTurn(nowNs);
        until(() -> a.receive(received) == 0 && a.counter(IoCounter.RX_IGNORED) > 0);
        assertThat(a.counter(IoCounter.RX_IGNORED)).isEqualTo(16);
        assertThat(a.nextDeadlineNs()).as("four are left").isEqualTo(nowNs);
        assertThat(a.receive(received)).isZero();
        assertThat(a.counter(IoCounter.RX_IGNORED)).isEqualTo(20);
        assertThat(a.nextDeadlineNs()).isEqualTo(Long.MAX_VALUE);
        Channels.newOutputStream(accepted).write(others(1), 0, 17);
        a.receive(received);
        assertThat(a.nextDeadlineNs()).as("one is not whole").isEqualTo(Long.MAX_VALUE);
      }
    }
  }

  @Test
  void shouldPassOverAFrameThatIsTooLongForASlot(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      EthernetIo a = host(US, LinkAddress.parse("stream:" + path));
      try (SocketChannel accepted = server.accept()) {
        OutputStream out = Channels.newOutputStream(accepted);
        out.write(ByteBuffer.allocate(4 + 65_537).putInt(65_537).array());
        out.write(others(1));
        until(() -> a.receive(received) == 0 && a.counter(IoCounter.RX_IGNORED) == 1);
        assertThat(a.counter(IoCounter.RX_TRUNCATED)).isEqualTo(1);
      }
    }
  }

  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void shouldNotWaitBehindOthersForWhoServesOne(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path), 1);
      assertThatThrownBy(
              () -> {
                while (true) {
                  SocketChannel another = SocketChannel.open(StandardProtocolFamily.UNIX);
                  opened.add(another);
                  another.configureBlocking(false);
                  another.connect(UnixDomainSocketAddress.of(path));
                }
              })
          .as("so many may wait")
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> host(US, LinkAddress.parse("stream:" + path)))
          .isInstanceOf(DatagramIoOpenException.class)
          .hasMessageContaining("serves one at a time");
    }
  }

  @Test
  void shouldTakeNoFramesFromAnybodyButTheOtherEnd() throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink stranger = bare(cable(3, 1));
    FrameLink other = bare(cable(2, 1));
    for (FrameLink from : List.of(stranger, other)) {
      int length = ipv4(from, Ipv4.UDP, 60, 0x4000);
      from.sendBatch().add(from.peer(), length);
      from.flush();
    }
    until(() -> a.receive(received) == 1);
    assertThat(a.counter(IoCounter.RX_IGNORED)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"to all", "from all", "from nobody"})
  void shouldNotLetAPingBeAnsweredByAllOrToAll(String how) throws Exception {
    EthernetIo a = host(US, cable(1, 2));
    FrameLink other = bare(cable(2, 1));
    int length = ipv4(other, Ipv4.ICMP, 12, 0x4000);
    MemorySegment seg = other.sendBatch().memory();
    long off = other.sendBatch().position();
    Wire.u32(seg, off + Frames.LENGTH + Ipv4.LENGTH, 0x0800_0000);
    switch (how) {
      case "to all" -> Frames.mac(seg, off, Frames.BROADCAST);
      case "from all" -> Frames.mac(seg, off + 6, Frames.BROADCAST);
      default -> {
        Wire.u32(seg, off + Frames.LENGTH + 12, 0);
        Wire.u16(seg, off + Frames.LENGTH + 10, 0);
        Wire.u16(
            seg, off + Frames.LENGTH + 10, ~Ipv4.sum(seg, off + Frames.LENGTH, Ipv4.LENGTH, 0));
      }
    }
    other.sendBatch().add(other.peer(), length);
    // What is answered follows.
    arp(other, Arp.REQUEST);
    until(
        () -> {
          a.receive(received);
          return other.receive(received) > 0;
        });
    assertThat(received.next()).isTrue();
    assertThat(Frames.type(received.memory(), received.offset())).isEqualTo(Frames.ARP);
  }

  @Test
  void shouldRefuseAFrameThatNoEthernetHas(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      EthernetIo a = host(US, LinkAddress.parse("stream:" + path));
      try (SocketChannel accepted = server.accept()) {
        Channels.newOutputStream(accepted).write(new byte[] {0x7F, 0, 0, 0});
        assertThatThrownBy(
                () ->
                    until(
                        () -> {
                          a.receive(received);
                          return false;
                        }))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("2130706432 bytes");
      }
    }
  }
}
