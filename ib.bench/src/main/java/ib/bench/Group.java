// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import ib.bench.report.Report;

/** Figures that are measured together, round by round, beside their limit. */
public interface Group {
  /** Name on the command line and in the report. */
  String name();

  /**
   * Measures.
   *
   * @param plan how long and how often
   * @param report takes the samples
   * @throws BenchException if it can't be measured
   */
  void run(Plan plan, Report report) throws BenchException;
}
