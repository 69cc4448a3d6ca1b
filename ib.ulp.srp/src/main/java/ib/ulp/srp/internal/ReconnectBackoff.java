// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/**
 * When to log in again. Linux waits {@code delay * min(100, max(1, failures - 10))}; its failures
 * are those of cables and switches. Here a path mostly goes because a driver is replaced and is
 * back within milliseconds, so the first ten attempts come faster, doubling from 20 ms up to the
 * delay. Not thread-safe.
 */
final class ReconnectBackoff {
  private static final long FIRST_NS = 20_000_000;
  private static final int FAST_ATTEMPTS = 10;
  private static final int MAX_FACTOR = 100;

  private final long delayNs;
  private int failures;

  /**
   * Creates a back-off.
   *
   * @param delayNs the configured delay; negative: no attempt after a failure until something
   *     changes
   */
  ReconnectBackoff(long delayNs) {
    this.delayNs = delayNs;
  }

  void onSuccess() {
    failures = 0;
  }

  int failures() {
    return failures;
  }

  /**
   * An attempt failed.
   *
   * @return how long to wait before the next; {@link Long#MAX_VALUE} for no next one
   */
  long onFailure() {
    failures = failures == Integer.MAX_VALUE ? failures : failures + 1;
    if (delayNs < 0) {
      return Long.MAX_VALUE;
    }
    if (failures <= FAST_ATTEMPTS) {
      return Math.min(delayNs, FIRST_NS << (failures - 1));
    }
    return delayNs * Math.min(MAX_FACTOR, failures - FAST_ATTEMPTS);
  }
}
