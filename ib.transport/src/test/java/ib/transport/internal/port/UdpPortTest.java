// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.wire.Bth;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ports on real sockets, and on links of Ethernet frames. */
class UdpPortTest {
  private static final Duration WAIT = Duration.ofSeconds(30);
  private static final String A = "127.21.1.1";
  private static final String B = "127.21.1.2";

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
    try (UdpPort a = open("a", "127.21.1.3", io)) {
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
    try (UdpPort a = open("a", "127.21.1.4", io);
        DatagramSocket stranger = new DatagramSocket(0, InetAddress.ofLiteral("127.21.1.5"))) {
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
    UdpPort first = open("a", "127.21.1.6", io);
    assertThatThrownBy(() -> open("b", "127.21.1.6", io))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining("127.21.1.6")
        .hasMessageContaining("4791");
    first.close();
    open("b", "127.21.1.6", io).close();
    assertThatThrownBy(() -> open("c", "192.0.2.77", io))
        .isInstanceOf(DatagramIoOpenException.class)
        .hasMessageContaining("192.0.2.77");
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "channel", "ethernet"})
  void shouldShowBothDirectionsToACapture(String io) throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (UdpPort a = open("a", "127.21.1.7", io);
        UdpPort b = open("b", "127.21.1.8", io)) {
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

  private UdpPort open(String name, String address, String io) throws Exception {
    Map<String, Object> properties = new HashMap<>(Map.of("name", name, "address", address));
    properties.put("io", io);
    if (io.equals("ethernet")) {
      int us = name.equals("a") ? 1 : 2;
      properties.put("link", "dgram:127.21.2." + us + ":7001->127.21.2." + (3 - us) + ":7001");
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
