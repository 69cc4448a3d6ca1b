// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.bench.BenchException;
import java.util.Collection;
import java.util.Map;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs one JMH benchmark in a JVM of its own, which has the flags of this one. */
final class Jmh {
  private static final String ALLOCATED = "gc.alloc.rate.norm";
  private static final int WARM_UPS = 2;

  /**
   * What was measured.
   *
   * @param ns of one operation, by the clock
   * @param cpuNs of one operation, by the CPU time of the threads that do it
   * @param bytes allocated by one operation
   */
  record Sample(double ns, double cpuNs, double bytes) {}

  private Jmh() {}

  /**
   * Measures.
   *
   * @param type class of the benchmark
   * @param method its name
   * @param params by name
   * @param threads that run it at the same time
   * @param measureNs length of the run; the first half only warms up
   */
  static Sample measure(
      Class<?> type, String method, Map<String, String> params, int threads, long measureNs)
      throws BenchException {
    OptionsBuilder options = new OptionsBuilder();
    options
        .include("^" + Pattern.quote(type.getName() + "." + method) + "$")
        .forks(1)
        // Waits for the compiler: else what is measured on a busy machine is not compiled yet.
        .jvmArgsAppend("-XX:-BackgroundCompilation")
        .threads(threads)
        .warmupIterations(WARM_UPS)
        .warmupTime(TimeValue.nanoseconds(Math.max(1, measureNs / 2 / WARM_UPS)))
        .measurementIterations(1)
        .measurementTime(TimeValue.nanoseconds(Math.max(1, measureNs / 2)))
        .addProfiler(GCProfiler.class)
        .addProfiler(CpuProfiler.class)
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT);
    params.forEach(options::param);
    try {
      Collection<RunResult> results = new Runner(options.build()).run();
      for (RunResult result : results) {
        return new Sample(
            result.getPrimaryResult().getScore(),
            secondary(result, CpuProfiler.CPU_NS),
            secondary(result, ALLOCATED));
      }
    } catch (RunnerException e) {
      throw new BenchException(type.getSimpleName() + "." + method + " " + params + " fails", e);
    }
    throw new BenchException("no benchmark " + type.getName() + "." + method);
  }

  private static double secondary(RunResult run, String name) {
    Result<?> result = run.getSecondaryResults().get(name);
    return result == null ? Double.NaN : result.getScore();
  }
}
