// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import static ib.bench.dma.DmaSite.CLEAN;
import static ib.bench.dma.DmaSite.POLLUTED;

import ib.bench.BenchException;
import ib.bench.Plan;
import ib.bench.report.Report;
import ib.bench.report.Series;
import ib.bench.report.Unit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One round: the limits, then everything that is held against them. */
final class DmaRound {
  static final int PAGE = 4096;
  static final List<Integer> SIZES = List.of(64, PAGE, 64 << 10, 1 << 20);
  static final List<Integer> ENTRIES = List.of(1, 16, 256);
  static final List<String> SITES = List.of(POLLUTED, CLEAN);

  private final Plan plan;
  private final Report report;

  /** Limits of this round, by name. */
  private final Map<String, Double> limits = new LinkedHashMap<>();

  DmaRound(Plan plan, Report report) {
    this.plan = plan;
    this.report = report;
  }

  void run() throws BenchException {
    measureLimits();
    for (String mode : plan.modes()) {
      measureMap(mode);
      if (!plan.brief()) {
        measureRest(mode);
      }
      measureResolve(mode);
    }
  }

  private Jmh.Sample sample(String method, Map<String, String> params, int threads)
      throws BenchException {
    return Jmh.measure(DmaBench.class, method, params, threads, plan.measureNs());
  }

  private void add(String name, double ns, double limit) {
    report.add(DmaNames.GROUP, name, Unit.NANOS, ns, limit);
  }

  private double limit(String name) {
    return limits.getOrDefault(name, Series.NO_LIMIT);
  }

  // ---- limits

  private void measureLimits() throws BenchException {
    for (String sites : SITES) {
      limit(DmaNames.limitCall(sites), "callOnce", Map.of("sites", sites), 1);
    }
    limit(DmaNames.limitPage(1), "page", Map.of(), 1);
    for (int bytes : plan.brief() ? List.of(PAGE) : SIZES) {
      limit(DmaNames.limitCopy(bytes), "copy", Map.of("bytes", Integer.toString(bytes)), 1);
    }
  }

  private void limit(String name, String method, Map<String, String> params, int threads)
      throws BenchException {
    double ns = Jmh.measure(LimitBench.class, method, params, threads, plan.measureNs()).cpuNs();
    limits.put(name, ns);
    add(name, ns, Series.NO_LIMIT);
  }

  /** What a mode's map and unmap are held against. */
  static String limitOf(String mode, int bytes, String sites) {
    return switch (mode) {
      case "swiotlb" -> DmaNames.limitCopy(bytes);
      case "iommu-strict", "iommu-lazy" -> DmaNames.limitPage(1);
      default -> DmaNames.limitCall(sites);
    };
  }

  // ---- figures

  private void measureMap(String mode) throws BenchException {
    for (int bytes : plan.brief() ? List.of(PAGE) : SIZES) {
      boolean all = bytes == PAGE || plan.full();
      for (String sites : all ? SITES : List.of(POLLUTED)) {
        double one = measureMap(mode, bytes, sites, 1);
        if (all && !plan.brief()) {
          double two = measureMap(mode, bytes, sites, 2);
          if (bytes == PAGE) {
            String name = DmaNames.speedUp(mode, sites);
            report.add(DmaNames.GROUP, name, Unit.TIMES, 2 * one / two);
          }
        }
      }
    }
  }

  private double measureMap(String mode, int bytes, String sites, int threads)
      throws BenchException {
    Map<String, String> params =
        Map.of("mode", mode, "bytes", Integer.toString(bytes), "sites", sites);
    Jmh.Sample sample = sample("map", params, threads);
    double limit = threads == 1 ? limit(limitOf(mode, bytes, sites)) : Series.NO_LIMIT;
    // Threads that wait for each other don't show in their CPU time.
    add(
        DmaNames.map(mode, bytes, sites, threads),
        threads == 1 ? sample.cpuNs() : sample.ns(),
        limit);
    if (bytes == PAGE && threads == 1 && sites.equals(POLLUTED)) {
      report.add(DmaNames.GROUP, DmaNames.allocated(mode), Unit.BYTES, sample.bytes());
    }
    return sample.ns();
  }

  private void measureResolve(String mode) throws BenchException {
    double ns = sample("resolve", Map.of("mode", mode), 1).cpuNs();
    add(DmaNames.resolve(mode), ns, limit(DmaNames.limitCall(POLLUTED)));
  }

  private void measureRest(String mode) throws BenchException {
    for (int bytes : mode.equals("swiotlb") || plan.full() ? SIZES : List.of(PAGE)) {
      Map<String, String> params = Map.of("mode", mode, "bytes", Integer.toString(bytes));
      boolean copies = mode.equals("swiotlb");
      add(
          DmaNames.sync(mode, bytes),
          sample("sync", params, 1).cpuNs(),
          limit(copies ? DmaNames.limitCopy(bytes) : DmaNames.limitCall(POLLUTED)));
    }
    for (int entries : ENTRIES) {
      Map<String, String> params = Map.of("mode", mode, "entries", Integer.toString(entries));
      add(DmaNames.list(mode, entries), sample("list", params, 1).cpuNs(), Series.NO_LIMIT);
    }
    add(
        DmaNames.coherent(mode),
        sample("coherent", Map.of("mode", mode), 1).cpuNs(),
        Series.NO_LIMIT);
    if (holdsMany(mode)) {
      measureMany(mode);
    }
  }

  private static boolean holdsMany(String mode) {
    return mode.equals("direct") || mode.equals("iommu-strict");
  }

  /** A million is held against a thousand of the same round. */
  private void measureMany(String mode) throws BenchException {
    int few = 1000;
    double fewNs = sample("churn", Map.of("mode", mode, "live", Integer.toString(few)), 1).cpuNs();
    add(DmaNames.churn(mode, few), fewNs, Series.NO_LIMIT);
    int many = ManyMappings.MILLION;
    double manyNs =
        sample("churn", Map.of("mode", mode, "live", Integer.toString(many)), 1).cpuNs();
    add(DmaNames.churn(mode, many), manyNs, fewNs);
    double each = ManyMappings.bytesEach(mode);
    report.add(DmaNames.GROUP, DmaNames.bytesEach(mode), Unit.BYTES, each);
  }
}
