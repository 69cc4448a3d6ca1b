// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.bench.BenchException;
import ib.bench.Group;
import ib.bench.Plan;
import ib.bench.report.Report;
import java.util.List;

/**
 * Mapping, mode by mode. Each figure is taken in a JVM of its own, which warms itself up; rounds go
 * through all of them, so that what changes on the machine meets all alike.
 */
public final class DmaGroup implements Group {
  /** Everything that can be measured. */
  public static final List<String> MODES = DmaSite.MODES;

  @Override
  public String name() {
    return DmaNames.GROUP;
  }

  @Override
  public void run(Plan plan, Report report) throws BenchException {
    // Runs of others on the machine are no reason to fail; the load is in the report.
    System.setProperty("jmh.ignoreLock", "true");
    for (int round = 1; round <= plan.rounds(); round++) {
      plan.progress().accept(name() + ": round " + round + " of " + plan.rounds());
      new DmaRound(plan, report).run();
    }
  }
}
