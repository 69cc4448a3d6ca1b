// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.transport.conformance.OwnNet;
import ib.transport.internal.posix.Posix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every implementation of {@link DatagramIo} does, over real sockets. */
class DatagramIoContractTest {
  private static final int LONGEST = 4176;

  private final List<DatagramIo> opened = new ArrayList<>();
  private final ReceiveBatch received = new ReceiveBatch(4);

  /** A way to send and to receive, over IPv4 or IPv6. */
  record Way(
      DatagramIoOptions.Mode mode, boolean sendOffload, boolean receiveOffload, boolean ipv6) {
    DatagramIoOptions options() {
      return DatagramIoOptions.defaults()
          .withMode(mode)
          .withOffload(sendOffload, receiveOffload)
          .withSendBatch(128, LONGEST);
    }

    InetSocketAddress address(int host) {
      return new InetSocketAddress(ipv6 ? "::1" : OwnNet.of("127.20.4.") + host, 0);
    }
  }

  static Stream<Way> ways() {
    List<Way> ways = new ArrayList<>();
    for (boolean ipv6 : hasIpv6() ? new boolean[] {false, true} : new boolean[] {false}) {
      ways.add(new Way(DatagramIoOptions.Mode.CHANNEL, false, false, ipv6));
      if (Posix.isAvailable()) {
        ways.add(new Way(DatagramIoOptions.Mode.NATIVE, true, true, ipv6));
        ways.add(new Way(DatagramIoOptions.Mode.NATIVE, true, false, ipv6));
        ways.add(new Way(DatagramIoOptions.Mode.NATIVE, false, true, ipv6));
        ways.add(new Way(DatagramIoOptions.Mode.NATIVE, false, false, ipv6));
      }
    }
    return ways.stream();
  }

  private static boolean hasIpv6() {
    try {
      return NetworkInterface.getByInetAddress(InetAddress.getByName("::1")) != null;
    } catch (IOException e) {
      return false;
    }
  }

  private DatagramIo open(Way way, int host) throws IOException {
    DatagramIo io = DatagramIoFactory.open(way.address(host), way.options());
    opened.add(io);
    return io;
  }

  @AfterEach
  void closeAll() {
    opened.forEach(DatagramIo::close);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldShowTheTrafficClassWhereTheSystemTells(Way way) throws IOException {
    DatagramIo to = open(way, 2);
    for (int trafficClass : new int[] {0, 2, 3, 0xB9}) {
      DatagramIo from =
          DatagramIoFactory.open(way.address(1), way.options().withTrafficClass(trafficClass));
      opened.add(from);
      PeerAddress peer = PeerAddress.of(to.localAddress());
      for (int i = 0; i < 5; i++) {
        from.sendBatch().add(peer, 100);
      }
      from.flush();
      for (int seen = 0; seen < 5; ) {
        to.receive(received);
        while (received.next()) {
          boolean told = way.mode() == DatagramIoOptions.Mode.NATIVE;
          assertThat(received.trafficClass()).isEqualTo(told ? trafficClass : 0);
          seen++;
        }
      }
    }
  }

  /** An agent that polls descriptors would look after a channel every millisecond. */
  @ParameterizedTest
  @MethodSource("ways")
  void shouldBeWaitedForInAGroupAsOnAnAddress(Way way) throws IOException {
    assumeTrue(!way.ipv6(), "the loopback interface has no IPv6 multicast");
    InetSocketAddress group = new InetSocketAddress("239.20.4.1", 4791);
    DatagramIo io =
        DatagramIoFactory.openGroup(
            group, InetAddress.getByName(OwnNet.of("127.20.4.1")), way.options());
    opened.add(io);
    boolean channel = way.mode() == DatagramIoOptions.Mode.CHANNEL;
    assertThat(io.fd() >= 0).isEqualTo(!channel);
    assertThat(io.channel() != null).isEqualTo(channel);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldDeliverBatchesOfEveryShapeInOrder(Way way) throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    DatagramIo from = open(way, 1);
    DatagramIo[] to = {open(way, 2), open(way, 3)};
    PeerAddress[] peers = {
      PeerAddress.of(to[0].localAddress()), PeerAddress.of(to[1].localAddress())
    };
    MemorySegment foreign = Arena.ofAuto().allocate(8192);
    byte[] noise = new byte[8192];
    for (int round = 0; round < 40; round++) {
      random.nextBytes(noise);
      MemorySegment.copy(noise, 0, foreign, JAVA_BYTE, 0, noise.length);
      List<ArrayDeque<byte[]>> expected = List.of(new ArrayDeque<>(), new ArrayDeque<>());
      int length = 1 + random.nextInt(LONGEST);
      int run = 0;
      int target = 0;
      for (int i = 0; i < 60; i++) {
        if (run-- == 0) {
          length = random.nextInt(4) == 0 ? LONGEST : 4 * random.nextInt(1, LONGEST / 4);
          run = random.nextInt(20);
          target = random.nextInt(2);
        }
        int thisLength = run == 0 ? 1 + random.nextInt(length) : length;
        byte[] packet = add(from.sendBatch(), peers[target], thisLength, random, foreign);
        expected.get(target).add(packet);
      }
      assertThat(from.flush()).as("seed %d", seed).isEqualTo(60);
      assertThat(from.sendBatch().queued()).isZero();
      for (int i = 0; i < 2; i++) {
        expectPackets(to[i], from, expected.get(i), "seed " + seed);
      }
    }
    assertThat(from.counter(IoCounter.TX_PACKETS)).isEqualTo(40 * 60);
    if (way.sendOffload()) {
      assertThat(from.counter(IoCounter.TX_TRAINS)).isPositive();
    }
  }

  /** Adds a packet, as a whole or around a foreign payload; gives its bytes. */
  private static byte[] add(
      SendBatch batch, PeerAddress to, int length, Random random, MemorySegment foreign) {
    byte[] packet = new byte[length];
    MemorySegment memory = batch.memory();
    int index = batch.nextIndex(to, length);
    if (length >= 24 && random.nextBoolean()) {
      int header = random.nextInt(8);
      int trailer = random.nextInt(8);
      int payload = length - header - trailer;
      int at = random.nextInt(64);
      random.nextBytes(packet);
      MemorySegment.copy(foreign, JAVA_BYTE, at, packet, header, payload);
      MemorySegment.copy(packet, 0, memory, JAVA_BYTE, batch.position(), header);
      MemorySegment.copy(
          packet, header + payload, memory, JAVA_BYTE, batch.position() + header, trailer);
      assertThat(batch.add(to, header, foreign, at, payload, trailer)).isEqualTo(index);
    } else {
      random.nextBytes(packet);
      MemorySegment.copy(packet, 0, memory, JAVA_BYTE, batch.position(), length);
      assertThat(batch.add(to, length)).isEqualTo(index);
    }
    return packet;
  }

  private void expectPackets(
      DatagramIo io, DatagramIo from, ArrayDeque<byte[]> expected, String seed) throws IOException {
    PeerAddress source = PeerAddress.of(from.localAddress());
    long deadlineNs = System.nanoTime() + 5_000_000_000L;
    while (!expected.isEmpty() && System.nanoTime() - deadlineNs < 0) {
      int n = io.receive(received);
      assertThat(received.packets()).isEqualTo(n);
      while (received.next()) {
        n--;
        byte[] packet =
            received.memory().asSlice(received.offset(), received.length()).toArray(JAVA_BYTE);
        assertThat(packet).as(seed).isEqualTo(expected.poll());
        assertThat(received.sourceIsIpv6()).isEqualTo(source.isIpv6());
        assertThat(received.sourceV6High()).isEqualTo(source.v6High());
        assertThat(received.sourceV6Low()).isEqualTo(source.v6Low());
        assertThat(received.sourcePort()).isEqualTo(source.port());
        assertThat(received.segmentIndex()).isBetween(0, received.segmentsInRun() - 1);
      }
      assertThat(n).as("packets counted are packets found, %s", seed).isZero();
    }
    assertThat(expected).as("not received, %s", seed).isEmpty();
    assertThat(io.receive(received)).isZero();
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldTellThePlaceInTheTrainThatTheSenderWasTold(Way way) throws IOException {
    DatagramIo from = open(way, 1);
    DatagramIo to = open(way, 2);
    PeerAddress peer = PeerAddress.of(to.localAddress());
    for (int i = 0; i < 10; i++) {
      assertThat(from.sendBatch().add(peer, 1040)).isEqualTo(way.sendOffload() ? i : 0);
    }
    from.flush();
    int got = 0;
    for (int tries = 0; tries < 10 && got < 10; tries++) {
      to.receive(received);
      while (received.next()) {
        if (way.sendOffload() && way.receiveOffload()) {
          assertThat(received.segmentIndex()).isEqualTo(got);
          assertThat(received.segmentsInRun()).isEqualTo(10);
        }
        got++;
      }
    }
    assertThat(got).isEqualTo(10);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldDeliverAnEmptyPacket(Way way) throws IOException {
    DatagramIo from = open(way, 1);
    DatagramIo to = open(way, 2);
    from.sendBatch().add(PeerAddress.of(to.localAddress()), 0);
    assertThat(from.flush()).isEqualTo(1);
    assertThat(to.receive(received)).isEqualTo(1);
    assertThat(received.next()).isTrue();
    assertThat(received.length()).isZero();
    assertThat(received.next()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldAnswerWithNothingWhenNothingCame(Way way) throws IOException {
    DatagramIo io = open(way, 1);
    assertThat(io.receive(received)).isZero();
    assertThat(received.next()).isFalse();
    assertThat(io.flush()).isZero();
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldSayWhatTheSystemGranted(Way way) throws IOException {
    DatagramIo io = open(way, 1);
    assertThat(io.receiveBufferBytes()).isGreaterThanOrEqualTo(64 << 10);
    assertThat(io.sendBufferBytes()).isGreaterThanOrEqualTo(64 << 10);
    assertThat(io.localAddress().getPort()).isPositive();
    assertThat(io.fd() >= 0).isNotEqualTo(io.channel() != null);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldSendZerosInsteadOfAReleasedPayload(Way way) throws IOException {
    DatagramIo from = open(way, 1);
    DatagramIo to = open(way, 2);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment payload = arena.allocate(100);
      payload.fill((byte) 1);
      from.sendBatch().memory().set(JAVA_BYTE, from.sendBatch().position(), (byte) 5);
      from.sendBatch().add(PeerAddress.of(to.localAddress()), 1, payload, 0, 100, 0);
    }
    assertThat(from.flush()).isEqualTo(1);
    assertThat(to.receive(received)).isEqualTo(1);
    assertThat(received.next()).isTrue();
    assertThat(received.length()).isEqualTo(101);
    assertThat(received.memory().get(JAVA_BYTE, received.offset())).isEqualTo((byte) 5);
    assertThat(received.memory().get(JAVA_BYTE, received.offset() + 100)).isZero();
    assertThat(from.counter(IoCounter.TX_PAYLOAD_GONE)).isEqualTo(1);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldServeAThreadThatIsInterrupted(Way way) throws IOException {
    DatagramIo from = open(way, 1);
    DatagramIo to = open(way, 2);
    Thread.currentThread().interrupt();
    try {
      from.sendBatch().add(PeerAddress.of(to.localAddress()), 10);
      assertThat(from.flush()).isEqualTo(1);
      assertThat(to.receive(received)).isEqualTo(1);
    } finally {
      assertThat(Thread.interrupted()).as("still interrupted").isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldSayThatItIsClosed(Way way) throws IOException {
    DatagramIo io = open(way, 1);
    io.sendBatch().add(PeerAddress.of(way.address(2).getAddress(), 4791), 10);
    io.close();
    io.close();
    assertThatThrownBy(() -> io.receive(received)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(io::flush).isInstanceOf(ClosedChannelException.class);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldFailCleanlyWhenTheSocketIsClosedUnderneath(Way way) throws IOException {
    DatagramIo io = open(way, 1);
    if (io.channel() != null) {
      io.channel().close();
    } else {
      opened.remove(io);
      assertThat(new Posix().close(io.fd())).isZero();
    }
    assertThatThrownBy(() -> io.receive(received)).isInstanceOf(IOException.class);
    io.sendBatch().add(PeerAddress.of(way.address(2).getAddress(), 4791), 10);
    assertThatThrownBy(io::flush).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldNameAddressPortReasonAndRemedyWhenTheAddressIsTaken(Way way) throws IOException {
    DatagramIo io = open(way, 1);
    assertThatThrownBy(() -> DatagramIoFactory.open(io.localAddress(), way.options()))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining(io.localAddress().getAddress().getHostAddress())
        .hasMessageContaining(":" + io.localAddress().getPort())
        .hasMessageContaining("Address already in use")
        .hasMessageContaining("configure another address");
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldNameAddressAndRemedyWhenTheAddressIsNotOurs(Way way) {
    InetSocketAddress foreign =
        new InetSocketAddress(way.ipv6() ? "2001:db8::77" : "203.0.113.77", 4791);
    assertThatThrownBy(() -> DatagramIoFactory.open(foreign, way.options()))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining(foreign.getAddress().getHostAddress())
        .hasMessageContaining("ssign requested address")
        .hasMessageContaining("no interface of this machine");
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldRefuseTheWildcard(Way way) {
    InetSocketAddress any = new InetSocketAddress(way.ipv6() ? "::" : "0.0.0.0", 4791);
    assertThatThrownBy(() -> DatagramIoFactory.open(any, way.options()))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining("not the address of one interface");
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldDropAndTellWhatIsTooLongForTheLink(Way way) throws IOException {
    InetAddress local = way.ipv6() ? null : addressOnALinkWithMtuUpTo(4000);
    assumeTrue(local != null, "needs an IPv4 address on a link with an MTU of 4000 or less");
    List<String> told = new ArrayList<>();
    DatagramIo io =
        DatagramIoFactory.open(
            new InetSocketAddress(local, 0),
            way.options().withErrors((cause, to, length) -> told.add(cause + " " + length)));
    opened.add(io);
    byte[] neighbour = local.getAddress();
    neighbour[3] ^= 1;
    PeerAddress to = PeerAddress.of(InetAddress.getByAddress(neighbour), 4791);
    io.sendBatch().add(to, LONGEST);
    io.sendBatch().add(to, LONGEST);
    assertThat(io.flush()).isEqualTo(2);
    assertThat(told).containsExactly("TX_TOO_LONG " + LONGEST, "TX_TOO_LONG " + LONGEST);
    assertThat(io.counter(IoCounter.TX_TOO_LONG)).isEqualTo(2);
    assertThat(io.counter(IoCounter.TX_PACKETS)).isZero();
    assertThat(io.offloadsSends()).as("trains are not at fault").isEqualTo(way.sendOffload());
  }

  private static InetAddress addressOnALinkWithMtuUpTo(int mtu) throws IOException {
    for (NetworkInterface link : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      if (link.isUp() && link.getMTU() <= mtu) {
        for (InetAddress address : Collections.list(link.getInetAddresses())) {
          if (address instanceof Inet4Address) {
            return address;
          }
        }
      }
    }
    return null;
  }
}
