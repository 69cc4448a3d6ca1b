// SPDX-License-Identifier: Apache-2.0
package ib.bench.transport;

import ib.bench.BenchException;
import ib.bench.Group;
import ib.bench.Plan;
import ib.bench.limit.RawUdp;
import ib.bench.report.Report;
import ib.bench.report.Unit;
import ib.bench.runtime.BenchHost;
import ib.bench.runtime.Rate;
import ib.verbs.RdmaException;
import org.HdrHistogram.Histogram;

/**
 * WRITE and SEND throughput, SEND round trips, driver by driver; before each driver the raw UDP
 * figures that it is held against.
 */
public final class TransportGroup implements Group {
  private static final int KIB = 1 << 10;
  private static final int SMALL = 64;

  /** Heap for each message; what the runtime's own bookkeeping takes in the time is in it. */
  private static final String ALLOCATED = ", allocated a message";

  /** A kind of stream. */
  private record Kind(String name, boolean write, int bytes) {}

  private static final Kind[] KINDS = {
    new Kind("WRITE 1 MiB", true, 1 << 20),
    new Kind("WRITE 64 KiB", true, 64 * KIB),
    new Kind("SEND 64 KiB", false, 64 * KIB),
    new Kind("SEND 4 KiB", false, 4 * KIB),
    new Kind("SEND 64 B", false, SMALL),
  };

  @Override
  public String name() {
    return "transport";
  }

  @Override
  public void run(Plan plan, Report report) throws BenchException {
    try (BenchHost host = BenchHost.start(plan.runtime());
        RawUdp raw = RawUdp.open(host.files().address(2), host.files().address(3))) {
      for (int round = -plan.warmUpRounds(); round < plan.rounds(); round++) {
        report.setRecording(round >= 0);
        plan.progress().accept(name() + ": round " + (round + 1) + " of " + plan.rounds());
        for (String driver : plan.drivers()) {
          measure(plan, report, host, raw, driver);
        }
      }
    }
  }

  private void measure(Plan plan, Report report, BenchHost host, RawUdp raw, String driver)
      throws BenchException {
    long ns = plan.measureNs();
    try (Pair pair = new Pair(host, driver)) {
      for (Kind kind : KINDS) {
        stream(ns, report, pair, raw, driver, kind);
      }
      roundTrips(ns, report, pair, raw, driver);
    } catch (RdmaException e) {
      throw new BenchException(driver + ": " + e.getMessage(), e);
    }
  }

  private void stream(long ns, Report report, Pair pair, RawUdp raw, String driver, Kind kind)
      throws RdmaException, BenchException {
    boolean small = kind.bytes() == SMALL;
    Unit unit = small ? Unit.KILO_OPS : Unit.GB_PER_S;
    double scale = small ? 1e-3 : kind.bytes() * 1e-9;
    limit(raw, small, ns / 4);
    double limit = limit(raw, small, ns / 2);
    report.add(
        name(), small ? "limit: UDP 96 B one way" : "limit: UDP 4160 B one way", unit, limit);
    try (Stream stream = new Stream(pair, kind.write(), kind.bytes())) {
      Rate rate = stream.run(ns);
      String label = driver + " " + kind.name();
      report.add(name(), label, unit, rate.perCpuSecond() * scale, limit);
      report.add(name(), label + ", by the clock", unit, rate.perSecond() * scale);
      report.add(name(), label + ALLOCATED, Unit.BYTES, rate.allocatedBytesEach());
    }
  }

  private static double limit(RawUdp raw, boolean small, long ns) throws BenchException {
    return small ? raw.smallPackets(ns) / 1e3 : raw.stream(ns);
  }

  private void roundTrips(long ns, Report report, Pair pair, RawUdp raw, String driver)
      throws RdmaException, BenchException {
    raw.roundTrips(ns / 4);
    Histogram limits = raw.roundTrips(ns / 2).each();
    try (PingPong pingPong = new PingPong(pair, SMALL)) {
      Histogram times = pingPong.run(ns);
      for (int percent : new int[] {50, 99}) {
        double limit = limits.getValueAtPercentile(percent) / 1e3;
        double value = times.getValueAtPercentile(percent) / 1e3;
        report.add(name(), "limit: UDP round trip, p" + percent, Unit.MICROS, limit);
        report.add(
            name(), driver + " SEND 64 B round trip, p" + percent, Unit.MICROS, value, limit);
      }
    }
  }
}
