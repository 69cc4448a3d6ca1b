// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.util.concurrent.TimeUnit;

/**
 * The time of a measurement that was given one: a margin, in which nothing counts, the time that
 * counts, a margin again ({@code catch_alarm} of {@code perftest_resources.c}; a margin is a
 * quarter of the whole, in whole seconds). Without a duration everything counts and it is never
 * over.
 */
final class PerfClock {
  private static final int MARGINS = 4;

  private final long marginNs;
  private final long sampleNs;
  private long beganNs;
  private boolean started;

  PerfClock(int durationS) {
    int marginS = durationS / MARGINS;
    marginNs = TimeUnit.SECONDS.toNanos(marginS);
    sampleNs = TimeUnit.SECONDS.toNanos(durationS - 2L * marginS);
  }

  /** It begins now. */
  void start() {
    beganNs = System.nanoTime();
    started = true;
  }

  boolean isTimed() {
    return sampleNs > 0;
  }

  /** Whether what happens now counts. */
  boolean counts() {
    long spentNs = System.nanoTime() - beganNs;
    return !isTimed() || (started && spentNs >= marginNs && spentNs < marginNs + sampleNs);
  }

  boolean isOver() {
    return isTimed() && started && System.nanoTime() - beganNs >= 2 * marginNs + sampleNs;
  }

  /** What was counted took so long; since {@link #start} where no time was given. */
  long countedNs() {
    return isTimed() ? sampleNs : System.nanoTime() - beganNs;
  }
}
