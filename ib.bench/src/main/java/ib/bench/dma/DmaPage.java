// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import static ib.bench.dma.DmaSite.CLEAN;
import static ib.bench.dma.DmaSite.POLLUTED;

import ib.bench.BenchException;
import ib.bench.report.MarkdownTable;
import ib.bench.report.Plot;
import ib.bench.report.Report;
import ib.bench.report.Spread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes the figures of a run into the page about DMA, between two marks, and draws them. */
public final class DmaPage {
  private static final String BEGIN = "<!-- figures: written by ./ib bench dma --report docs -->";
  private static final String END = "<!-- end of figures -->";
  private static final String PICTURE = "dma-figures.svg";
  private static final List<String> FACTS =
      List.of("cores", "jdk", "system", "load average before", "load average after", "rounds");

  private final Report report;

  private DmaPage(Report report) {
    this.report = report;
  }

  /**
   * Writes figures and picture.
   *
   * @param page the page, which has the marks
   * @param facts of the machine
   * @param report a run of group {@code dma}
   */
  public static void write(Path page, Map<String, String> facts, Report report)
      throws BenchException, IOException {
    String text = Files.readString(page);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new BenchException(page + " has no lines '" + BEGIN + "' and '" + END + "'");
    }
    DmaPage figures = new DmaPage(report);
    Files.writeString(
        page,
        text.substring(0, begin + BEGIN.length())
            + "\n\n"
            + figures.text(facts)
            + "\n"
            + text.substring(end));
    Files.writeString(page.resolveSibling(PICTURE), figures.picture());
  }

  private String text(Map<String, String> facts) {
    StringBuilder machine = new StringBuilder("Taken on:");
    for (String fact : FACTS) {
      machine.append(' ').append(fact).append(": ").append(facts.get(fact)).append(';');
    }
    machine.setLength(machine.length() - 1);
    return String.join(
        "\n",
        machine + ".\n",
        new DmaBars(report).table(),
        "Map and unmap, ns (times the limit):\n",
        maps().toString(),
        "![Map and unmap by mode and size](" + PICTURE + ")\n",
        "The rest, ns:\n",
        rest().toString(),
        "Limits, ns:\n",
        limits().toString());
  }

  private MarkdownTable maps() {
    MarkdownTable table =
        new MarkdownTable(
            "mode", "64 B", "4 KiB", "64 KiB", "1 MiB", "4 KiB, clean", "4 KiB, 2 threads");
    for (String mode : DmaSite.MODES) {
      table.row(
          mode,
          value(DmaNames.map(mode, 64, POLLUTED, 1)),
          value(DmaNames.map(mode, DmaRound.PAGE, POLLUTED, 1)),
          value(DmaNames.map(mode, 64 << 10, POLLUTED, 1)),
          value(DmaNames.map(mode, 1 << 20, POLLUTED, 1)),
          value(DmaNames.map(mode, DmaRound.PAGE, CLEAN, 1)),
          value(DmaNames.map(mode, DmaRound.PAGE, POLLUTED, 2)));
    }
    return table;
  }

  private MarkdownTable rest() {
    MarkdownTable table =
        new MarkdownTable(
            "mode",
            "resolve",
            "sync both ways 4 KiB",
            "coherent 4 KiB",
            "list of 1",
            "list of 16",
            "list of 256");
    for (String mode : DmaSite.MODES) {
      table.row(
          mode,
          value(DmaNames.resolve(mode)),
          value(DmaNames.sync(mode, DmaRound.PAGE)),
          value(DmaNames.coherent(mode)),
          value(DmaNames.list(mode, 1)),
          value(DmaNames.list(mode, 16)),
          value(DmaNames.list(mode, 256)));
    }
    return table;
  }

  private MarkdownTable limits() {
    MarkdownTable table = new MarkdownTable("limit", "median (least - greatest)");
    report.series().stream()
        .filter(s -> s.group().equals(DmaNames.GROUP) && s.name().startsWith("limit: "))
        .forEach(
            s ->
                table.row(
                    s.name().substring("limit: ".length()), Spread.of(s.values()).toString()));
    return table;
  }

  /** Median, and in brackets the ratio to the limit of the same round. */
  private String value(String name) {
    return DmaNames.find(report, name)
        .map(
            s -> {
              String median = number(Spread.of(s.values()).median());
              return s.ratios().isEmpty()
                  ? median
                  : median + " (" + number(Spread.of(s.ratios()).median()) + ")";
            })
        .orElse("");
  }

  static String number(double value) {
    return new Spread(value, value, value).toString().replaceFirst(" .*", "");
  }

  private String picture() {
    List<String> sizes = DmaRound.SIZES.stream().map(DmaNames::size).toList();
    Plot plot = new Plot("Map and unmap, one thread, call sites that saw every mode", "ns", sizes);
    for (String mode : DmaSite.MODES) {
      plot.add(mode, medians(bytes -> DmaNames.map(mode, bytes, POLLUTED, 1)), false);
    }
    plot.add("limit: copy both ways", medians(DmaNames::limitCopy), true);
    plot.add("limit: bitmap page", medians(_ -> DmaNames.limitPage(1)), true);
    plot.add("limit: volatile call", medians(_ -> DmaNames.limitCall(POLLUTED)), true);
    return plot.svg();
  }

  private List<Double> medians(java.util.function.IntFunction<String> name) {
    return DmaRound.SIZES.stream()
        .map(
            bytes ->
                DmaNames.find(report, name.apply(bytes))
                    .map(s -> Spread.of(s.values()).median())
                    .orElse(Double.NaN))
        .toList();
  }
}
