// SPDX-License-Identifier: Apache-2.0
package ib.bench.runtime;

import ib.bench.BenchException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/** Looks at a counter that another thread moves. */
public final class Rate {
  /** A machine that does other work may let nothing through for a while. */
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(10);

  private Rate() {}

  /**
   * Measures for a time, longer if nothing at all happened in it.
   *
   * @param stop ends the wait early
   * @return counts a second, 0 if there were none
   */
  public static double measure(AtomicLong counter, long measureNs, BooleanSupplier stop)
      throws BenchException {
    long beganNs = System.nanoTime();
    long before = counter.get();
    long after = before;
    long tookNs = 0;
    while (after == before && tookNs < LONGEST_NS && !stop.getAsBoolean()) {
      BenchHost.pause(measureNs);
      after = counter.get();
      tookNs = System.nanoTime() - beganNs;
    }
    return after == before ? 0 : (after - before) * 1e9 / tookNs;
  }
}
