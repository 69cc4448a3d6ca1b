// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The longest time without a completion, within a window. Completions come from any thread; one
 * thread opens and closes windows.
 */
final class GapMonitor {
  private final AtomicLong lastNs = new AtomicLong(System.nanoTime());
  private final AtomicLong longestNs = new AtomicLong();

  void completed() {
    long now = System.nanoTime();
    long gap = now - lastNs.getAndSet(now);
    longestNs.accumulateAndGet(gap, Math::max);
  }

  void begin() {
    longestNs.set(0);
  }

  /** The longest gap since {@link #begin}, one that is still open included. */
  long longestNs() {
    return Math.max(longestNs.get(), System.nanoTime() - lastNs.get());
  }
}
