// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.agent.AgentOptions.WaitMode;
import ib.transport.conformance.OwnNet;
import ib.transport.internal.engine.EngineOptions;
import ib.transport.internal.engine.PortEngine;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import ib.transport.wire.Bth;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import ib.verbs.RdmaException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports on real sockets, and on links of Ethernet frames. */
class UdpPortTest {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final String A = OwnNet.of("127.21.1.1");
  private static final String B = OwnNet.of("127.21.1.2");

  private Agent agent;

  @BeforeEach
  void start() {
    agent = new Agent(AgentOptions.of(0));
    agent.start();
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel", "ethernet"})
  void shouldExchangeManagementDatagrams(String io) throws Exception {
    try (UdpPort a = open("a", A, io);
        UdpPort b = open("b", B, io)) {
      CopyOnWriteArrayList<Long> seen = new CopyOnWriteArrayList<>();
      call(
          () ->
              b.gsi()
                  .setHandler(
                      (high, low, qpn, mad, offset, length) -> {
                        assertThat(high).isEqualTo(Gids.high(a.address()));
                        assertThat(low).isEqualTo(Gids.low(a.address()));
                        assertThat(qpn).isEqualTo(1);
                        seen.add(Wire.u64(mad, offset + 8));
                      }));
      for (long i = 0; i < 100; i++) {
        MemorySegment mad = MemorySegment.ofArray(new byte[Gsi.MAD_BYTES]);
        Wire.u64(mad, 8, i);
        call(() -> a.gsi().send(Gids.high(b.address()), Gids.low(b.address()), mad, 0));
      }
      await(() -> seen.size() == 100);
      assertThat(seen).isSorted().doesNotHaveDuplicates();
      assertThat(a.counter(PortCounter.SENT_PKTS)).isEqualTo(100);
      assertThat(b.counter(PortCounter.RCVD_PKTS)).isEqualTo(100);
      assertThat(b.counter(PortCounter.DROPPED_ICRC)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel", "ethernet"})
  void shouldTalkToItself(String io) throws Exception {
    try (UdpPort a = open("a", OwnNet.of("127.21.1.3"), io)) {
      CopyOnWriteArrayList<Long> seen = new CopyOnWriteArrayList<>();
      call(() -> a.gsi().setHandler((high, low, qpn, mad, offset, length) -> seen.add(low)));
      MemorySegment mad = MemorySegment.ofArray(new byte[Gsi.MAD_BYTES]);
      call(() -> a.gsi().send(Gids.high(a.address()), Gids.low(a.address()), mad, 0));
      await(() -> seen.size() == 1);
      assertThat(seen).containsExactly(Gids.low(a.address()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel"})
  void shouldCountAndDropWhatIsNotRight(String io) throws Exception {
    try (UdpPort a = open("a", OwnNet.of("127.21.1.4"), io);
        DatagramSocket stranger =
            new DatagramSocket(0, InetAddress.ofLiteral(OwnNet.of("127.21.1.5")))) {
      byte[] wrong = new byte[Bth.LENGTH + 8];
      stranger.send(new DatagramPacket(wrong, wrong.length, a.address(), 4791));
      stranger.send(new DatagramPacket(wrong, 3, a.address(), 4791));
      await(
          () ->
              a.counter(PortCounter.DROPPED_ICRC) == 1
                  && a.counter(PortCounter.DROPPED_SHORT) == 1);
      assertThat(a.isUp()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel"})
  void shouldSayWhyItCantOpenAndOpenOnceItCan(String io) throws Exception {
    UdpPort first = open("a", OwnNet.of("127.21.1.6"), io);
    assertThatThrownBy(() -> open("b", OwnNet.of("127.21.1.6"), io))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining(OwnNet.of("127.21.1.6"))
        .hasMessageContaining("4791");
    first.close();
    open("b", OwnNet.of("127.21.1.6"), io).close();
    assertThatThrownBy(() -> open("c", "192.0.2.77", io))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining("192.0.2.77");
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel", "ethernet"})
  void shouldShowBothDirectionsToACapture(String io) throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (UdpPort a = open("a", OwnNet.of("127.21.1.7"), io);
        UdpPort b = open("b", OwnNet.of("127.21.1.8"), io)) {
      PcapTap tap = new PcapTap("a", 4, file, Long.MAX_VALUE);
      a.setTap(tap);
      call(
          () ->
              b.gsi()
                  .setHandler(
                      (high, low, qpn, mad, offset, length) ->
                          b.gsi().send(high, low, mad, offset)));
      MemorySegment mad = MemorySegment.ofArray(new byte[Gsi.MAD_BYTES]);
      for (int i = 0; i < 10; i++) {
        call(() -> a.gsi().send(Gids.high(b.address()), Gids.low(b.address()), mad, 0));
      }
      await(() -> tap.written() == 20);
      a.setTap(null);
      tap.close();
      assertThat(tap.dropped()).isZero();
      assertThat(tap.failure()).isNull();
    }
    assertThat(file.size()).isEqualTo(24 + 20 * (16 + 14 + 20 + 8 + 12 + 8 + 256 + 4));
  }

  @Test
  void shouldSayThatItsLinkEndedWhateverAWatcherDoes(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      Map<String, Object> properties =
          Map.of("name", "s", "address", A, "io", "ethernet", "link", "stream:" + path);
      CopyOnWriteArrayList<String> told = new CopyOnWriteArrayList<>();
      try (UdpPort port =
          UdpPort.open(
              PortConfigReader.read(properties), agent, () -> told.add("to be opened anew"))) {
        call(
            () -> {
              port.watch(
                  (up, why) -> {
                    throw new IllegalStateException("a bad watcher");
                  });
              port.watch((up, why) -> told.add(up + " " + why));
            });
        server.accept().close();
        await(() -> told.size() == 2);
        assertThat(told.getFirst()).startsWith("false ").contains("closed the link");
        assertThat(told.getLast()).isEqualTo("to be opened anew");
      }
    }
  }

  @Test
  void shouldTellOfItsInterfaceOnceTheAgentHasRoom() throws Exception {
    try (Agent small = new Agent(AgentOptions.of(1).withCommandCapacity(1));
        UdpPort port =
            UdpPort.open(
                PortConfigReader.read(Map.of("name", "l", "address", OwnNet.of("127.21.1.9"))),
                small,
                () -> {})) {
      CopyOnWriteArrayList<String> told = new CopyOnWriteArrayList<>();
      boolean watched =
          small.call(
              () -> {
                port.watch((up, why) -> told.add(up + " " + why));
                return true;
              },
              WAIT);
      assertThat(watched).isTrue();
      assertThat(small.offer(() -> {})).isTrue();
      port.setLink(false, "no room");
      small.tryDrive();
      assertThat(told).isEmpty();
      port.setLink(false, "down");
      small.tryDrive();
      assertThat(told).containsExactly("false down");
      assertThat(port.isUp()).isFalse();
      assertThat(port.counter(PortCounter.LINK_DOWNED)).isEqualTo(1);
    }
  }

  @Test
  void shouldCloseTheSocketOfAGroupThatItCantWaitFor() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/net/udp")), "Linux shows its sockets there");
    InetAddress group = InetAddress.ofLiteral("239.21.1.10");
    try (Agent other = new Agent(AgentOptions.of(1).withWaitMode(WaitMode.CHANNEL))) {
      GroupSockets groups =
          new GroupSockets(
              InetAddress.ofLiteral(OwnNet.of("127.21.1.10")),
              Mode.NATIVE,
              other,
              new PortEngine(
                  EngineOptions.of(0, Gids.low(InetAddress.ofLiteral(OwnNet.of("127.21.1.10"))))),
              1024);
      assertThatThrownBy(() -> groups.join(0, Gids.low(group)))
          .isInstanceOf(RdmaException.class)
          .hasMessageContaining("239.21.1.10")
          .hasMessageContaining("can't wait for");
      assertThat(Files.readString(Path.of("/proc/net/udp"))).doesNotContain("0A0115EF:12B7");
    }
  }

  @Test
  void shouldReachLinkLocalPeersThroughItsOwnInterface() throws Exception {
    byte[] bytes = InetAddress.ofLiteral("fe80::1").getAddress();
    PeerCache peers = new PeerCache(Inet6Address.getByAddress(null, bytes, 3));
    assertThat(peers.get(0xFE80_0000_0000_0000L, 2).scopeId()).isEqualTo(3);
    assertThat(peers.get(0xFF02_0000_0000_0000L, 2).scopeId()).isEqualTo(3);
    assertThat(peers.get(0xFD77_0000_0000_0000L, 2).scopeId()).isZero();
    assertThat(new PeerCache(InetAddress.ofLiteral(A)).get(0, Gids.v4Low(0x7F15_0101)).scopeId())
        .isZero();
  }

  private UdpPort open(String name, String address, String io) throws Exception {
    Map<String, Object> properties = new HashMap<>(Map.of("name", name, "address", address));
    properties.put("io", io);
    if (io.equals("ethernet")) {
      int us = name.equals("a") ? 1 : 2;
      properties.put(
          "link",
          OwnNet.of("dgram:127.21.2.") + us + OwnNet.of(":7001->127.21.2.") + (3 - us) + ":7001");
    }
    return UdpPort.open(PortConfigReader.read(properties), agent, () -> {});
  }

  private void call(Runnable command) {
    agent.call(
        () -> {
          command.run();
          return true;
        },
        WAIT);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + WAIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(1);
    }
  }
}
