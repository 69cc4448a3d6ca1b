// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import ib.bench.BenchException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * How fast a counter moved that the host's threads move.
 *
 * @param perSecond by the clock; 0 if it did not move
 * @param perCpuSecond by the CPU time of the host's threads: what one core does, whoever else uses
 *     the machine
 * @param allocatedBytesEach heap that the host's threads allocated for each count
 */
public record Rate(double perSecond, double perCpuSecond, double allocatedBytesEach) {
  /** A machine that does other work may let nothing through for a while. */
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(10);

  /**
   * Measures for a time, longer if nothing at all happened in it.
   *
   * @param stop ends the wait early
   */
  public static Rate measure(AtomicLong counter, long measureNs, BooleanSupplier stop)
      throws BenchException {
    Cpu.Use used = Cpu.ofHost();
    long beganNs = System.nanoTime();
    long before = counter.get();
    long after = before;
    long tookNs = 0;
    while (after == before && tookNs < LONGEST_NS && !stop.getAsBoolean()) {
      BenchHost.pause(measureNs);
      after = counter.get();
      tookNs = System.nanoTime() - beganNs;
    }
    Cpu.Use now = Cpu.ofHost();
    long cpuNs = now.cpuNs() - used.cpuNs();
    double moved = after - before;
    return after == before
        ? new Rate(0, 0, 0)
        : new Rate(
            moved * 1e9 / tookNs,
            moved * 1e9 / Math.max(1, cpuNs),
            (now.allocatedBytes() - used.allocatedBytes()) / moved);
  }
}
