// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.IbDmaInterposer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How hard the kit tries.
 *
 * @param seed of everything random; a failure prints it
 * @param threads of the concurrent case, 1 to 64
 * @param steps of the random sequence, and of each thread, at least 1
 * @param blockedNs after which a streaming call counts as blocked
 * @param interposer stands between the kit and the ops, e.g. debug; null for nothing
 */
public record TckOptions(
    long seed, int threads, int steps, long blockedNs, @Nullable IbDmaInterposer interposer) {
  private static final int MAX_THREADS = 64;

  /** Checks the ranges. */
  public TckOptions {
    if (threads < 1 || threads > MAX_THREADS || steps < 1 || blockedNs < 1) {
      throw new IllegalArgumentException(
          "conformance kit with threads=%d, steps=%d, blockedNs=%d; give 1 to %d threads, the others at least 1"
              .formatted(threads, steps, blockedNs, MAX_THREADS));
    }
  }

  /**
   * Two threads, two thousand steps, three seconds.
   *
   * @return seed 1, nothing between
   */
  public static TckOptions defaults() {
    return new TckOptions(1, 2, 2000, TimeUnit.SECONDS.toNanos(3), null);
  }

  /**
   * Another seed.
   *
   * @param other the seed
   * @return options with it
   */
  public TckOptions withSeed(long other) {
    return new TckOptions(other, threads, steps, blockedNs, interposer);
  }

  /**
   * Another number of steps.
   *
   * @param other at least 1
   * @return options with it
   */
  public TckOptions withSteps(int other) {
    return new TckOptions(seed, threads, other, blockedNs, interposer);
  }

  /**
   * Another time after which a call counts as blocked.
   *
   * @param otherNs at least 1
   * @return options with it
   */
  public TckOptions withBlockedNs(long otherNs) {
    return new TckOptions(seed, threads, steps, otherNs, interposer);
  }

  /**
   * Something between the kit and the ops, e.g. debug.
   *
   * @param other what wraps
   * @return options with it
   */
  public TckOptions withInterposer(IbDmaInterposer other) {
    return new TckOptions(seed, threads, steps, blockedNs, other);
  }
}
