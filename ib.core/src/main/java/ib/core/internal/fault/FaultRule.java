// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Decides which mappings fail: of those that an owner in the filter makes, longer than a size, once
 * a time has passed, every n-th. Thread-safe.
 */
final class FaultRule {
  private final Set<String> owners;
  private final long every;
  private final long aboveBytes;
  private final long afterNs;
  private final LongSupplier clockNs;
  private final long beganNs;
  private final AtomicLong candidates = new AtomicLong();
  private final AtomicLong injected = new AtomicLong();

  /**
   * Creates a rule whose time begins now.
   *
   * @param owners symbolic names of bundles; empty for all
   * @param every n of "every n-th": 1 for each, at least 1
   * @param aboveBytes only mappings longer than this
   * @param afterMs only when this time has passed
   * @param clockNs the time
   */
  FaultRule(Set<String> owners, long every, long aboveBytes, long afterMs, LongSupplier clockNs) {
    this.owners = Set.copyOf(owners);
    this.every = every;
    this.aboveBytes = aboveBytes;
    this.afterNs = TimeUnit.MILLISECONDS.toNanos(afterMs);
    this.clockNs = clockNs;
    this.beganNs = clockNs.getAsLong();
  }

  boolean fails(String owner, long sizeBytes) {
    boolean candidate =
        sizeBytes > aboveBytes
            && (owners.isEmpty() || owners.contains(owner))
            && (afterNs == 0 || clockNs.getAsLong() - beganNs >= afterNs);
    if (!candidate || candidates.incrementAndGet() % every != 0) {
      return false;
    }
    injected.incrementAndGet();
    return true;
  }

  /** Mappings that failed by this rule. */
  long injected() {
    return injected.get();
  }
}
