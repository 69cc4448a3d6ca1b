// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.concurrent.TimeUnit;

/**
 * How long core waits for others.
 *
 * @param openNs a driver's open
 * @param probeNs its probe
 * @param closeNs its close
 * @param withdrawNs users letting go of a withdrawn device
 * @param reclaimNs closing what one user left behind
 * @param callbackNs all of a stopping driver's wait
 */
record Deadlines(
    long openNs, long probeNs, long closeNs, long withdrawNs, long reclaimNs, long callbackNs) {

  /** SCR gives up ordering at 5 s and a drain takes up to 3 s: users get 4 s. */
  static final Deadlines DEFAULT = ofMillis(10_000, 5_000, 3_000, 4_000, 1_000, 8_000);

  static Deadlines ofMillis(
      long open, long probe, long close, long withdraw, long reclaim, long callback) {
    TimeUnit ms = TimeUnit.MILLISECONDS;
    return new Deadlines(
        ms.toNanos(open),
        ms.toNanos(probe),
        ms.toNanos(close),
        ms.toNanos(withdraw),
        ms.toNanos(reclaim),
        ms.toNanos(callback));
  }
}
