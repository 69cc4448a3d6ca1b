// SPDX-License-Identifier: Apache-2.0
package ib.bench.swap;

import ib.bench.BenchException;
import ib.bench.Group;
import ib.bench.Plan;
import ib.bench.report.Report;
import ib.bench.report.Unit;
import ib.bench.runtime.RuntimeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;

/**
 * Runs the demonstration ({@code ./ib demo}) once a round in a JVM of its own, as a user would, and
 * sorts the longest times without a completion by the kind of swap. The limit is the longest time
 * without a completion while nothing was replaced, in the same run.
 */
public final class SwapGroup implements Group {
  private static final int FILE_BYTES = 48 << 20;

  @Override
  public String name() {
    return "swap";
  }

  @Override
  public void run(Plan plan, Report report) throws BenchException {
    try (RuntimeCopy copy = RuntimeCopy.make(plan.runtime(), true)) {
      // What the demonstration begins with.
      copy.addDevice("mthca", "mthca0", "p0");
      copy.addDevice("ehca", "ehca0", "p1");
      Path file = copy.home().resolve("file");
      writeRandom(file, plan.seed());
      for (int round = 0; round < plan.rounds(); round++) {
        plan.progress().accept(name() + ": round " + (round + 1) + " of " + plan.rounds());
        record(DemoRun.run(copy.home(), file, plan.swaps(), plan.seed() + round), report);
      }
    } catch (IOException e) {
      throw new BenchException("the demonstration can't be run: " + e.getMessage(), e);
    }
  }

  private static void writeRandom(Path file, long seed) throws IOException {
    byte[] bytes = new byte[FILE_BYTES];
    new SplittableRandom(seed).nextBytes(bytes);
    Files.write(file, bytes);
  }

  private void record(DemoRun run, Report report) {
    double quiet = run.quietGapMs();
    report.add(name(), "limit: no swap", Unit.MILLIS, quiet);
    // By name, so that the table has one order whatever the seed.
    run.swaps().stream()
        .sorted(Comparator.comparing(DemoRun.Swap::label))
        .forEach(swap -> report.add(name(), swap.label(), Unit.MILLIS, swap.blackoutMs(), quiet));
  }
}
