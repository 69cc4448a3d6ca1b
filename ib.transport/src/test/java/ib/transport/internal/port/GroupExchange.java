// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.transport.wire.Gids;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Datagrams from one port to a multicast group that a queue pair of another is attached to, and
 * then no longer. Also run by itself, in a network of its own: {@code IO ADDRESS ADDRESS GROUP}.
 */
final class GroupExchange {
  private static final Duration WAIT = Duration.ofSeconds(30);

  private final Agent agent;

  private GroupExchange(Agent agent) {
    this.agent = agent;
  }

  public static void main(String[] args) throws Exception {
    run(
        Map.of("name", "a", "address", args[1], "io", args[0]),
        Map.of("name", "b", "address", args[2], "io", args[0]),
        args[3]);
    System.out.println("exchanged");
    System.exit(0);
  }

  static void run(Map<String, Object> sender, Map<String, Object> receiver, String group)
      throws Exception {
    try (Agent agent = new Agent(AgentOptions.of(0))) {
      agent.start();
      try (UdpPort a = UdpPort.open(PortConfigReader.read(sender), agent, () -> {});
          UdpPort b = UdpPort.open(PortConfigReader.read(receiver), agent, () -> {})) {
        new GroupExchange(agent).exchange(a, b, InetAddress.ofLiteral(group));
      }
    }
  }

  private void exchange(UdpPort a, UdpPort b, InetAddress group) throws Exception {
    PortHardware from = new PortHardware();
    from.groupHigh = Gids.high(group);
    from.groupLow = Gids.low(group);
    PortHardware to = new PortHardware();
    to.receives.add(0L);
    to.receives.add(1000L);
    to.receives.add(2000L);
    PortQp source = datagrams(a, from);
    PortQp member = datagrams(b, to);
    attach(member, group, true);
    MemorySegment.copy(new byte[] {1, 2, 3, 4, 5}, 0, from.memory, ValueLayout.JAVA_BYTE, 0, 5);
    send(source, from);
    await(() -> to.completions.size() == 1);
    assertThat(to.completions).containsExactly("RECV SUCCESS 45");
    assertThat(to.bytes(40, 5)).containsExactly(1, 2, 3, 4, 5);
    assertThat(b.counter(PortCounter.DROPPED_ICRC)).isZero();
    // Who sends and belongs to the group hears himself as well.
    from.receives.add(0L);
    attach(source, group, true);
    send(source, from);
    await(() -> to.completions.size() == 2);
    await(() -> from.completions.contains("RECV SUCCESS 45"));
    attach(source, group, false);
    attach(member, group, false);
    send(source, from);
    // What comes after it shows that it did not come.
    attach(member, group, true);
    send(source, from);
    await(() -> to.completions.size() == 3);
    assertThat(from.completions).filteredOn(c -> c.startsWith("RECV")).hasSize(1);
  }

  private PortQp datagrams(UdpPort port, PortHardware hardware) throws Exception {
    int qpn = port.allocateQpn();
    return agent.call(
        () -> {
          PortQp qp = port.createQp(qpn, QpType.UD, hardware);
          qp.modify(new QpAttributes().state(QpState.INIT).qkey(PortHardware.QKEY));
          qp.modify(new QpAttributes().state(QpState.RTR));
          qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(1));
          return qp;
        },
        WAIT);
  }

  private void attach(PortQp qp, InetAddress group, boolean in) {
    agent.call(
        () -> {
          if (in) {
            qp.attachMcast(Gids.high(group), Gids.low(group));
          } else {
            qp.detachMcast(Gids.high(group), Gids.low(group));
          }
          return true;
        },
        WAIT);
  }

  private void send(PortQp qp, PortHardware hardware) throws InterruptedException {
    long before = hardware.completions.stream().filter(c -> c.startsWith("SEND")).count();
    agent.call(
        () -> {
          hardware.sends.add(new PortHardware.Work(WrOpcode.SEND, 0, 0, 5));
          qp.kickSend();
          return true;
        },
        WAIT);
    await(() -> hardware.completions.stream().filter(c -> c.startsWith("SEND")).count() > before);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - endNs).as("waited too long").isNegative();
      Thread.sleep(1);
    }
  }
}
