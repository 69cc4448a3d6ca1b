// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/**
 * How long the channel in use has had no credit while nothing is in flight that could bring any: a
 * target that takes its credit back, or lost count of it, must not keep requests for ever. No clock
 * inside. Not thread-safe.
 */
final class CreditWait {
  private final long limitNs;
  private boolean running;
  private long sinceNs;

  CreditWait(long limitNs) {
    this.limitNs = limitNs;
  }

  /** There is none, and nothing brings any. */
  void begin(long nowNs) {
    if (!running) {
      running = true;
      sinceNs = nowNs;
    }
  }

  /** A command was sent, or there is another login. */
  void end() {
    running = false;
  }

  boolean isOver(long nowNs) {
    return running && nowNs - sinceNs >= limitNs;
  }
}
