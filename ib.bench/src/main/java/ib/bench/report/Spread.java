// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.List;
import java.util.Locale;

/**
 * Median, least and greatest of samples.
 *
 * @param median of an even count: the mean of the middle two
 * @param min least
 * @param max greatest
 */
public record Spread(double median, double min, double max) {
  /**
   * Summarizes samples.
   *
   * @param samples at least one
   */
  public static Spread of(List<Double> samples) {
    if (samples.isEmpty()) {
      throw new IllegalArgumentException("no samples");
    }
    List<Double> sorted = samples.stream().sorted().toList();
    int n = sorted.size();
    double median = (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
    return new Spread(median, sorted.get(0), sorted.get(n - 1));
  }

  @Override
  public String toString() {
    return number(median) + " (" + number(min) + " - " + number(max) + ")";
  }

  /** Three digits that count. */
  static String number(double value) {
    double size = Math.abs(value);
    String form = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, form, value);
  }
}
