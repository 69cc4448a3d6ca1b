// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import static ib.bench.dma.DmaSite.CLEAN;
import static ib.bench.dma.DmaSite.IPATH;
import static ib.bench.dma.DmaSite.POLLUTED;

import ib.bench.report.MarkdownTable;
import ib.bench.report.Report;
import ib.bench.report.Spread;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** What mapping must not cost more than, and what it costs. */
final class DmaBars {
  private static final String STRICT = "iommu-strict";

  /** Bytes: what JMH itself allocates in a run is spread over all operations; an object is 16. */
  private static final double MOST_ALLOCATED = 1;

  private final Report report;
  private final MarkdownTable table =
      new MarkdownTable("what", "bar", "median (least - greatest)", "");

  DmaBars(Report report) {
    this.report = report;
  }

  String table() {
    for (String sites : List.of(POLLUTED, CLEAN)) {
      ratio(IPATH, sites, "times a volatile call", 5);
      ratio("direct", sites, "times a volatile call", 10);
    }
    ratio(STRICT, POLLUTED, "times the bitmap and its table entry", 2.5);
    most(DmaNames.map(STRICT, DmaRound.PAGE, POLLUTED, 1), "ns", 100);
    ratio("swiotlb", POLLUTED, "times the bare copy, both ways", 2);
    for (String mode : List.of(IPATH, "direct", STRICT)) {
      twoThreads(mode);
    }
    for (String mode : DmaSite.MODES) {
      most(DmaNames.allocated(mode), "byte allocated (an object has 16)", MOST_ALLOCATED);
    }
    for (String mode : DmaSite.MODES) {
      most(DmaNames.resolve(mode), "ns", 15);
    }
    for (String mode : List.of(STRICT, "direct")) {
      most(DmaNames.bytesEach(mode), "bytes for each of a million live mappings", 200);
      many(mode);
    }
    return table.toString();
  }

  private void ratio(String mode, String sites, String of, double most) {
    DmaNames.find(report, DmaNames.map(mode, DmaRound.PAGE, sites, 1))
        .ifPresent(
            s ->
                row(
                    s.name(),
                    "≤ " + DmaPage.number(most) + " " + of,
                    s.ratios(),
                    median -> most - median));
  }

  private void most(String name, String what, double most) {
    DmaNames.find(report, name)
        .ifPresent(
            s ->
                row(
                    name,
                    "≤ " + DmaPage.number(most) + " " + what,
                    s.values(),
                    median -> most - median));
  }

  /** The best of the rounds counts: with two cores, whatever else runs takes one of them. */
  private void twoThreads(String mode) {
    for (String sites : List.of(POLLUTED, CLEAN)) {
      DmaNames.find(report, DmaNames.speedUp(mode, sites))
          .ifPresent(
              s -> {
                double best = Spread.of(s.values()).max();
                row(
                    s.name() + DmaNames.TWO_THREADS,
                    "best ≥ 1.6 times one thread",
                    s.values(),
                    _ -> best - 1.6);
              });
    }
  }

  private void many(String mode) {
    DmaNames.find(report, DmaNames.churn(mode, ManyMappings.MILLION))
        .ifPresent(
            s ->
                table.row(
                    "unmap and map with a million live, " + mode,
                    "times that with a thousand",
                    spread(s.ratios()),
                    "ns: " + Spread.of(s.values())));
  }

  private void row(String what, String bar, List<Double> values, DoubleUnaryOperator margin) {
    double median = Spread.of(values).median();
    table.row(what, bar, spread(values), margin.applyAsDouble(median) >= 0 ? "met" : "missed");
  }

  private static String spread(List<Double> values) {
    return values.isEmpty() ? "" : Spread.of(values).toString();
  }
}
