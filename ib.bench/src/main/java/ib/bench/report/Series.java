// SPDX-License-Identifier: Apache-2.0
package ib.bench.report;

import java.util.ArrayList;
import java.util.List;

/** The samples of one figure, one a round, each with the limit of its own round. */
public final class Series {
  /** Says that a figure has no limit to be held against. */
  public static final double NO_LIMIT = Double.NaN;

  private final String group;
  private final String name;
  private final Unit unit;
  private final List<Double> values = new ArrayList<>();
  private final List<Double> limits = new ArrayList<>();

  Series(String group, String name, Unit unit) {
    this.group = group;
    this.name = name;
    this.unit = unit;
  }

  void add(double value, double limit) {
    values.add(value);
    limits.add(limit);
  }

  /** Group of the figure. */
  public String group() {
    return group;
  }

  /** What was measured. */
  public String name() {
    return name;
  }

  /** Unit of values and limits. */
  public Unit unit() {
    return unit;
  }

  /** The samples. */
  public List<Double> values() {
    return List.copyOf(values);
  }

  /** The limit of each sample's own round, {@link #NO_LIMIT} where there is none. */
  public List<Double> limits() {
    return List.copyOf(limits);
  }

  /** Each sample divided by its limit; empty if there is none. */
  public List<Double> ratios() {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      double ratio = values.get(i) / limits.get(i);
      if (Double.isFinite(ratio)) {
        ratios.add(ratio);
      }
    }
    return ratios;
  }
}
