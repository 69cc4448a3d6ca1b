// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.transport.wire.CmMessage;
import ib.transport.wire.Mad;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Predicate;

/**
 * A network of connection managers with a clock that is turned by hand: it loses, repeats and
 * reorders messages as a seed says.
 */
final class Fabric {
  static final long MS = 1_000_000;
  static final long SECOND = 1_000 * MS;

  private record Flight(long atNs, long order, Station from, Station to, MemorySegment mad) {}

  private final Random random;
  private final double loss;
  private final double duplication;
  private final long maxDelayNs;
  private final List<Station> stations = new ArrayList<>();
  private final PriorityQueue<Flight> flights =
      new PriorityQueue<>(
          (a, b) ->
              a.atNs != b.atNs ? Long.compare(a.atNs, b.atNs) : Long.compare(a.order, b.order));
  private long order;
  long nowNs;

  /** Messages for which this holds are lost. */
  Predicate<String> cut = message -> false;

  /** What was sent, as {@code a>b REQ}. */
  final List<String> log = new ArrayList<>();

  /** The messages of {@link #log}. */
  final List<MemorySegment> sent = new ArrayList<>();

  Fabric(long seed, double loss, double duplication, long maxDelayNs) {
    this.random = new Random(seed);
    this.loss = loss;
    this.duplication = duplication;
    this.maxDelayNs = maxDelayNs;
    this.nowNs = random.nextInt(1_000_000_000);
  }

  static Fabric perfect(long seed) {
    return new Fabric(seed, 0, 0, 0);
  }

  Station station(String name, String address, int mtuBytes) throws Exception {
    return station(name, address, mtuBytes, CmConfig.DEFAULT);
  }

  Station station(String name, String address, int mtuBytes, CmConfig config) throws Exception {
    InetAddress ip = InetAddress.ofLiteral(address);
    long guid = 0x0200_0000_0000_0000L + stations.size() + 1;
    Station station =
        new Station(
            this, new CmPort(name, ip, guid, mtuBytes), config, new Random(random.nextLong()));
    stations.add(station);
    return station;
  }

  boolean send(Station from, long high, long low, MemorySegment mad) {
    for (Station to : stations) {
      if (to.port.gidHigh() == high && to.port.gidLow() == low) {
        String what =
            from.port.name()
                + ">"
                + to.port.name()
                + " "
                + CmMessage.name(Mad.ATTRIBUTE_ID.getInt(mad, 0));
        log.add(what);
        sent.add(mad);
        if (!cut.test(what) && random.nextDouble() >= loss) {
          fly(from, to, mad);
          if (random.nextDouble() < duplication) {
            fly(from, to, mad);
          }
        }
      }
    }
    return true;
  }

  private void fly(Station from, Station to, MemorySegment mad) {
    long delay = maxDelayNs == 0 ? 10_000 : random.nextLong(maxDelayNs);
    MemorySegment copy = MemorySegment.ofArray(mad.toArray(ValueLayout.JAVA_BYTE));
    flights.add(new Flight(nowNs + delay, order++, from, to, copy));
  }

  /** Runs for a time. */
  void run(long ns) {
    long endNs = nowNs + ns;
    while (true) {
      long next = nextNs();
      if (next == AgentTask.NO_DEADLINE || next - endNs > 0) {
        nowNs = endNs;
        return;
      }
      nowNs = Math.max(nowNs, next);
      step();
    }
  }

  private long nextNs() {
    Flight flight = flights.peek();
    long next = flight == null ? AgentTask.NO_DEADLINE : flight.atNs;
    for (Station station : stations) {
      if (station.alive && CmTable.earlier(station.engine.nextDueNs(), next)) {
        next = station.engine.nextDueNs();
      }
    }
    return next;
  }

  private void step() {
    Flight flight = flights.peek();
    if (flight != null && flight.atNs <= nowNs) {
      flights.remove();
      if (flight.to.alive) {
        CmPort from = flight.from.port;
        flight.to.engine.receive(from.gidHigh(), from.gidLow(), flight.mad, 0, Mad.LENGTH, nowNs);
        flight.to.react();
      }
    }
    for (Station station : stations) {
      if (station.alive) {
        station.engine.poll(nowNs);
        station.react();
      }
    }
  }
}
