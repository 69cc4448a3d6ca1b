// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** All figures of one run, in the order in which they were first measured. One thread. */
public final class Report {
  private final Map<String, Series> series = new LinkedHashMap<>();
  private boolean recording = true;

  /** While off, samples are dropped: for rounds that only warm up. */
  public void setRecording(boolean on) {
    recording = on;
  }

  /** Adds a sample without a limit. */
  public void add(String group, String name, Unit unit, double value) {
    add(group, name, unit, value, Series.NO_LIMIT);
  }

  /**
   * Adds a sample.
   *
   * @param limit the limit of the same round in the same unit, or {@link Series#NO_LIMIT}
   */
  public void add(String group, String name, Unit unit, double value, double limit) {
    if (recording) {
      series
          .computeIfAbsent(group + "/" + name, _ -> new Series(group, name, unit))
          .add(value, limit);
    }
  }

  /** The figures. */
  public List<Series> series() {
    return new ArrayList<>(series.values());
  }

  /** The figures as a table for a terminal. */
  public String table() {
    StringBuilder out = new StringBuilder();
    int width = series.values().stream().mapToInt(s -> s.name().length()).max().orElse(0);
    String group = "";
    for (Series s : series.values()) {
      if (!s.group().equals(group)) {
        group = s.group();
        line(out, width, group, "median (min - max)", "", "of the limit", "runs");
      }
      List<Double> ratios = s.ratios();
      line(
          out,
          width,
          "  " + s.name(),
          Spread.of(s.values()).toString(),
          s.unit().symbol(),
          ratios.isEmpty() ? "" : Spread.of(ratios).toString(),
          Integer.toString(s.values().size()));
    }
    return out.toString();
  }

  private static void line(
      StringBuilder out,
      int width,
      String name,
      String value,
      String unit,
      String ratio,
      String n) {
    String form = "%-" + (width + 2) + "s  %26s %-4s  %24s  %4s";
    out.append(String.format(Locale.ROOT, form, name, value, unit, ratio, n).stripTrailing())
        .append(System.lineSeparator());
  }
}
