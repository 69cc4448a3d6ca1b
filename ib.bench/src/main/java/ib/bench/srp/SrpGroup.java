// SPDX-License-Identifier: Apache-2.0
package ib.bench.srp;

import ib.bench.BenchException;
import ib.bench.Group;
import ib.bench.Plan;
import ib.bench.limit.RawUdp;
import ib.bench.report.Report;
import ib.bench.report.Series;
import ib.bench.report.Unit;
import ib.bench.runtime.BenchHost;
import ib.bench.runtime.Rate;
import ib.block.BlockDevice;
import ib.block.BlockDeviceState;
import ib.block.BlockOperation;
import ib.dma.DmaMemoryPool;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * 4 KiB and 1 MiB reads and writes at depth 1 and 32, on a disk in memory and one in a file. The
 * limit of a 4 KiB figure is an exchange of packets of the same sizes over raw UDP; that of a 1 MiB
 * figure, the raw UDP stream.
 */
public final class SrpGroup implements Group {
  private static final String INITIATOR_PORT_ID = "0002c903000e8acd0002c903000e8acd";
  private static final String TARGET_PORT_ID = "0002c903000e8ace0002c903000e8ace";
  private static final String LUN_SIZE = "64M";
  private static final int KIB4 = 4 << 10;
  private static final int MIB = 1 << 20;
  private static final int[] SIZES = {KIB4, MIB};
  private static final int[] DEPTHS = {1, 32};
  private static final BlockOperation[] OPERATIONS = {BlockOperation.READ, BlockOperation.WRITE};
  private static final List<String> DISKS = List.of("ram", "file");

  @Override
  public String name() {
    return "srp";
  }

  @Override
  public void run(Plan plan, Report report) throws BenchException {
    try (BenchHost host = BenchHost.start(plan.runtime());
        RawUdp raw = RawUdp.open(host.files().address(2), host.files().address(3))) {
      configure(plan, host);
      DmaMemoryPool pool = host.service(DmaMemoryPool.class, null);
      for (String name : DISKS) {
        DiskLoad.fill(disk(host, name), pool);
      }
      for (int round = -plan.warmUpRounds(); round < plan.rounds(); round++) {
        report.setRecording(round >= 0);
        plan.progress().accept(name() + ": round " + (round + 1) + " of " + plan.rounds());
        for (String name : DISKS) {
          measure(new Run(plan, report, disk(host, name), pool, raw));
        }
      }
    }
  }

  /** What all measurements of a disk share. */
  private record Run(Plan plan, Report report, BlockDevice disk, DmaMemoryPool pool, RawUdp raw) {}

  private static BlockDevice disk(BenchHost host, String name) throws BenchException {
    BlockDevice disk = host.service(BlockDevice.class, "(" + BlockDevice.NAME + "=" + name + ")");
    BenchHost.await(
        "disk " + name + " is " + disk.state() + " and did not start to run",
        () -> disk.state() == BlockDeviceState.RUNNING);
    return disk;
  }

  private static void configure(Plan plan, BenchHost host) throws BenchException {
    host.addDevice(plan.drivers().getFirst(), "initiator0", "p0");
    host.addDevice(plan.drivers().getLast(), "target0", "p1");
    host.configure(
        "ib.ulp.srpt",
        "bench",
        Map.of(
            "name",
            "bench",
            "port",
            "p1",
            "target.port.id",
            TARGET_PORT_ID,
            "luns",
            new String[] {
              "0=ram:" + LUN_SIZE,
              "1=file:" + host.files().home().resolve("lun1.img") + "," + LUN_SIZE
            }));
    for (String name : DISKS) {
      int lun = DISKS.indexOf(name);
      host.configure(
          "ib.ulp.srp",
          name,
          Map.of(
              "name",
              name,
              "port",
              "p0",
              "lun",
              Integer.toString(lun),
              "target.address",
              host.files().address(1),
              // One login each: an initiator port that logs in again ends its former login.
              "initiator.port.id",
              INITIATOR_PORT_ID.substring(0, 31) + lun,
              "target.port.id",
              TARGET_PORT_ID));
    }
  }

  private void measure(Run run) throws BenchException {
    for (int bytes : SIZES) {
      for (int depth : DEPTHS) {
        for (BlockOperation operation : OPERATIONS) {
          measure(run, operation, bytes, depth);
        }
      }
    }
  }

  private void measure(Run run, BlockOperation operation, int bytes, int depth)
      throws BenchException {
    long ns = run.plan().measureNs();
    Limit limit = Limit.measure(run.raw(), operation, bytes, depth, ns / 2);
    DiskLoad load = new DiskLoad(run.disk(), operation, bytes, depth, run.plan().seed());
    Rate rate = load.run(run.pool(), ns);
    String label =
        run.disk().name()
            + (bytes == KIB4 ? " 4 KiB " : " 1 MiB ")
            + (operation == BlockOperation.READ ? "read" : "write")
            + " depth "
            + depth;
    Unit unit = bytes == KIB4 ? Unit.KILO_OPS : Unit.GB_PER_S;
    double scale = bytes == KIB4 ? 1e-3 : bytes * 1e-9;
    run.report()
        .add(name(), label, unit, rate.perCpuSecond() * scale, limit.perCpuSecond() * scale);
    run.report().add(name(), label + ", by the clock", unit, rate.perSecond() * scale);
    latency(run.report(), label + ", p50", load.times(), 50, limit.p50Us());
    latency(run.report(), label + ", p99", load.times(), 99, limit.p99Us());
  }

  private void latency(Report report, String label, Histogram times, int percent, double limitUs) {
    report.add(name(), label, Unit.MICROS, times.getValueAtPercentile(percent) / 1e3, limitUs);
  }

  /**
   * What the machine could do.
   *
   * @param perCpuSecond operations in a second of CPU time
   * @param p50Us middle time of one, {@link Series#NO_LIMIT} if several are in flight
   * @param p99Us time that 99 of 100 stay within, likewise
   */
  private record Limit(double perCpuSecond, double p50Us, double p99Us) {
    static Limit measure(RawUdp raw, BlockOperation operation, int bytes, int depth, long ns)
        throws BenchException {
      if (bytes != KIB4) {
        raw.stream(ns / 2);
        double perSecond = raw.stream(ns) * 1e9 / bytes;
        return new Limit(
            perSecond, depth == 1 ? 1e6 / perSecond : Series.NO_LIMIT, Series.NO_LIMIT);
      }
      exchange(raw, operation, depth, ns / 2);
      RawUdp.Times times = exchange(raw, operation, depth, ns);
      double perSecond = depth * times.perCpuSecond();
      return depth == 1
          ? new Limit(
              perSecond,
              times.each().getValueAtPercentile(50) / 1e3,
              times.each().getValueAtPercentile(99) / 1e3)
          : new Limit(perSecond, Series.NO_LIMIT, Series.NO_LIMIT);
    }

    private static RawUdp.Times exchange(RawUdp raw, BlockOperation operation, int depth, long ns)
        throws BenchException {
      return operation == BlockOperation.READ ? raw.reads(depth, ns) : raw.writes(depth, ns);
    }
  }
}
