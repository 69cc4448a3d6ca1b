// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.Gsi;
import ib.transport.PortCounter;
import ib.transport.PortWatcher;
import ib.transport.RdmaPort;
import ib.transport.conformance.OwnNet;
import ib.transport.wire.Gids;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.log.Logger;

class PortComponentTest {
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final List<String> registered = new CopyOnWriteArrayList<>();
  private final Logger logger =
      proxy(
          Logger.class,
          (self, method, arguments) -> {
            log.add(method.getName() + " " + Arrays.deepToString(arguments));
            return null;
          });
  private final BundleContext context = proxy(BundleContext.class, this::call);
  private final HostAgent agent = new HostAgent(logger);
  private final PortNames names = new PortNames();

  /** Ports are withdrawn because their link ends, not because they are stopped. */
  private volatile boolean failing;

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /** A framework that only registers services. */
  private Object call(Object self, java.lang.reflect.Method method, Object[] arguments) {
    assertThat(method.getName()).isEqualTo("registerService");
    assertThat(arguments[0]).isEqualTo(RdmaPort.class);
    String name = String.valueOf(((Dictionary<?, ?>) arguments[2]).get("ib.port"));
    assertThat(((RdmaPort) arguments[1]).name()).isEqualTo(name);
    registered.add(name);
    return proxy(
        ServiceRegistration.class,
        (registration, unregister, none) -> {
          assertThat(unregister.getName()).isEqualTo("unregister");
          assertThat(failing || ((RdmaPort) arguments[1]).isUp()).isTrue();
          return registered.remove(name);
        });
  }

  private PortComponent port(String file, Object... keysAndValues) {
    Map<String, Object> properties = new java.util.HashMap<>();
    properties.put("felix.fileinstall.filename", "file:" + file);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      properties.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return new PortComponent(context, logger, agent, names, properties);
  }

  @AfterEach
  void stop() {
    agent.deactivate();
  }

  @Test
  void shouldBeRegisteredWhileOpen() {
    PortComponent p0 = port("a.config", "name", "p0", "address", OwnNet.of("127.21.4.1"));
    assertThat(p0.state()).isEqualTo("up");
    assertThat(registered).containsExactly("p0");
    assertThat(log).anyMatch(line -> line.contains("p0") && line.contains(OwnNet.of("127.21.4.1")));
    p0.deactivate();
    assertThat(registered).isEmpty();
    assertThat(p0.port()).isNull();
    PortComponent again = port("a.config", "name", "p0", "address", OwnNet.of("127.21.4.1"));
    assertThat(again.state()).isEqualTo("up");
    again.deactivate();
  }

  @Test
  void shouldSayWhatIsMisconfiguredAndStayClosed() {
    PortComponent bad = port("b.config", "name", "p0", "address", "nowhere");
    assertThat(bad.state())
        .startsWith("misconfigured: ")
        .contains("b.config: key 'address' is 'nowhere', which is no IP address");
    assertThat(log).anyMatch(line -> line.startsWith("error") && line.contains("b.config"));
    assertThat(registered).isEmpty();
    bad.deactivate();
  }

  @Test
  void shouldOpenOnceTheAddressIsFree() throws Exception {
    PortComponent p1;
    try (DatagramSocket other =
        new DatagramSocket(4791, InetAddress.ofLiteral(OwnNet.of("127.21.4.2")))) {
      assertThat(other.isBound()).isTrue();
      p1 = port("c.config", "name", "p1", "address", OwnNet.of("127.21.4.2"));
      assertThat(p1.state()).startsWith("waiting: c.config").contains(OwnNet.of("127.21.4.2"));
      assertThat(registered).isEmpty();
      awaitRetry("p1");
      awaitRetry("p1");
      assertThat(log.stream().filter(line -> line.startsWith("warn"))).hasSize(1);
    }
    await(() -> registered.contains("p1"));
    assertThat(p1.state()).isEqualTo("up");
    p1.deactivate();
  }

  @Test
  void shouldRefuseANameThatIsTakenUntilItIsFree() throws Exception {
    PortComponent first = port("d.config", "name", "p2", "address", OwnNet.of("127.21.4.3"));
    PortComponent second = port("e.config", "name", "p2", "address", OwnNet.of("127.21.4.4"));
    assertThat(second.state()).contains("e.config: key 'name' is 'p2', which is taken by d.config");
    first.deactivate();
    await(() -> registered.equals(List.of("p2")));
    assertThat(second.state()).isEqualTo("up");
    second.deactivate();
    assertThat(registered).isEmpty();
  }

  @Test
  void shouldListAndCapturePorts(@TempDir Path folder) throws Exception {
    PortCommands commands = new PortCommands();
    assertThat(commands.ports()).startsWith("no ports; put");
    PortComponent p3 =
        port("f.config", "name", "p3", "address", OwnNet.of("127.21.4.5"), "mtu", "1024");
    PortComponent bad = port("g.config", "name", "p4");
    commands.addPort(p3);
    commands.addPort(bad);
    assertThat(commands.ports())
        .contains(
            OwnNet.of("127.21.4.5"),
            "up",
            "MTU 1024",
            "02007ffffe%02x0405"
                .formatted(InetAddress.ofLiteral(OwnNet.of("127.21.4.5")).getAddress()[1]),
            "g.config: key 'address'");
    Path file = folder.resolve("p3.pcap");
    assertThat(commands.pcap("p3", file.toString())).contains("ib:pcap p3 stop");
    assertThatThrownBy(() -> commands.pcap("p3", file.toString()))
        .hasMessageContaining("stop that first");
    assertThat(commands.pcap("p3", "stop")).startsWith("0 packets written to " + file);
    assertThat(Files.size(file)).isEqualTo(24);
    assertThatThrownBy(() -> commands.pcap("p3", "stop")).hasMessageContaining("ib:pcap p3 FILE");
    assertThatThrownBy(() -> commands.pcap("p9", file.toString()))
        .hasMessageContaining("no open port p9; there are: [p3 (up)");
    assertThatThrownBy(() -> commands.pcap("p3", folder.resolve("no/x.pcap").toString()))
        .hasMessageContaining("can't write")
        .hasMessageContaining("folder that exists");
    p3.deactivate();
    bad.deactivate();
  }

  @Test
  void shouldTellItsWatchersWhenItsInterfaceGoesDownAndComesUp() throws Exception {
    AtomicBoolean up = new AtomicBoolean(true);
    List<String> told = new CopyOnWriteArrayList<>();
    List<InetAddress> asked = new CopyOnWriteArrayList<>();
    PortComponent p5 =
        new PortComponent(
            context,
            logger,
            agent,
            names,
            Map.of("name", "p5", "address", OwnNet.of("127.21.4.6")),
            address -> {
              asked.add(address);
              return up.get();
            },
            1);
    UdpPort port = p5.port();
    PortWatcher watcher = (isUp, why) -> told.add(isUp + " " + why);
    assertThat(agent.agent().call(() -> watch(port, watcher), Duration.ofSeconds(60))).isTrue();
    await(() -> asked.size() > 2);
    assertThat(told).as("nothing changed").isEmpty();
    up.set(false);
    await(() -> !port.isUp());
    await(() -> told.size() == 1);
    assertThat(told.getFirst()).isEqualTo("false its interface is down or lost the address");
    assertThat(port.counter(PortCounter.LINK_DOWNED)).isEqualTo(1);
    assertThat(p5.state()).as("its socket is there all the same").isEqualTo("up");
    up.set(true);
    await(() -> told.size() == 2);
    assertThat(told.getLast()).isEqualTo("true its interface is up");
    assertThat(port.isUp()).isTrue();
    assertThat(port.counter(PortCounter.LINK_DOWNED)).isEqualTo(1);
    assertThat(asked).containsOnly(InetAddress.ofLiteral(OwnNet.of("127.21.4.6")));
    p5.deactivate();
    assertThat(told).as("closing is no event of the link").hasSize(2);
  }

  @Test
  void shouldPauseBeforeItOpensALinkAnewThatEndsAtOnce(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    failing = true;
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      server.configureBlocking(false);
      PortComponent p6 =
          port(
              "h.config",
              "name",
              "p6",
              "address",
              "10.9.0.1",
              "io",
              "ethernet",
              "link",
              "stream:" + path);
      List<Long> openedNs = new CopyOnWriteArrayList<>();
      await(
          () -> {
            if (hungUp(server)) {
              openedNs.add(System.nanoTime());
            }
            return openedNs.size() == 4;
          });
      // Pauses of 250, 500 and 1000 ms; pauses that don't grow would be 750. The first opening may
      // be seen late.
      assertThat(openedNs.getLast() - openedNs.getFirst()).isGreaterThan(1_000_000_000L);
      assertThat(log.stream().filter(line -> line.contains("lost its socket"))).isNotEmpty();
      p6.deactivate();
      assertThat(registered).isEmpty();
    }
  }

  @Test
  void shouldGoOnWithACaptureOnceItsLinkIsThereAgain(@TempDir Path folder) throws Exception {
    Path path = folder.resolve("qemu.sock");
    failing = true;
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      String link = "stream:" + path;
      PortComponent p7 =
          port("i.config", "name", "p7", "address", "10.9.0.7", "io", "ethernet", "link", link);
      UdpPort first = p7.port();
      PortCommands commands = new PortCommands();
      commands.addPort(p7);
      commands.pcap("p7", folder.resolve("p7.pcap").toString());
      server.accept().close();
      await(() -> p7.port() != null && p7.port() != first);
      UdpPort second = p7.port();
      long low = Gids.low(second.address());
      MemorySegment mad = MemorySegment.ofArray(new byte[Gsi.MAD_BYTES]);
      boolean sent =
          agent.agent().call(() -> second.gsi().send(0, low, mad, 0), Duration.ofSeconds(60));
      assertThat(sent).isTrue();
      await(() -> second.counter(PortCounter.DROPPED_UD_NO_RECV) == 1);
      assertThat(commands.pcap("p7", "stop")).as("sent to itself").startsWith("2 packets written");
      p7.deactivate();
      assertThat(registered).isEmpty();
    }
  }

  private static boolean hungUp(ServerSocketChannel server) {
    try (SocketChannel accepted = server.accept()) {
      return accepted != null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean watch(UdpPort port, PortWatcher watcher) {
    port.watch(watcher);
    return true;
  }

  /** Waits for a whole attempt: it needs the names to begin, and they are held until it asks. */
  private void awaitRetry(String port) throws InterruptedException {
    Thread retrying =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().equals("ib-port-" + port))
            .findFirst()
            .orElseThrow();
    synchronized (names) {
      await(() -> retrying.getState() == Thread.State.BLOCKED);
    }
    await(() -> retrying.getState() == Thread.State.TIMED_WAITING);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(5);
    }
  }
}
