// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a broken channel leaves behind: commands that the target may still be carrying out. Until
 * they are fenced by a login that ends the old ones, nothing is sent again. Changed by who drives,
 * read anywhere.
 */
final class Fence {
  private final AtomicInteger epoch = new AtomicInteger();
  private volatile boolean pending;
  private volatile boolean writesPending;

  /** True if commands of a broken channel have to be fenced before anything is sent. */
  boolean isPending() {
    return pending;
  }

  /**
   * Whether what has to be fenced may change the medium: then the logical unit is reset as well.
   */
  boolean isPendingForWrites() {
    return writesPending;
  }

  /** Grows each time that a channel broke with commands in flight. */
  int epoch() {
    return epoch.get();
  }

  /** A channel broke with commands in flight. */
  void raise(boolean writes) {
    writesPending |= writes;
    epoch.getAndIncrement();
    pending = true;
  }

  /**
   * Whether a login fences all that has to be.
   *
   * @param single whether it ended all others of the nexus
   * @param before {@link #epoch} before it
   */
  boolean isCoveredBy(boolean single, int before) {
    return !pending || (single && epoch.get() == before);
  }

  /** All is fenced. */
  void lower() {
    pending = false;
    writesPending = false;
  }
}
