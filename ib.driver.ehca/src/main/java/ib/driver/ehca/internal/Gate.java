// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import java.util.concurrent.TimeUnit;

/**
 * Keeps a queue's memory while its one user is at it: who gives the memory back shuts the gate
 * first and waits until the user is out.
 */
final class Gate {
  private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(1);

  private volatile boolean inside;
  private volatile boolean shut;

  /** Goes in; false if the gate is shut. Followed by {@link #leave} if true. */
  boolean enter() {
    inside = true;
    if (shut) {
      inside = false;
      return false;
    }
    return true;
  }

  void leave() {
    inside = false;
  }

  /**
   * Shuts for ever.
   *
   * @return false if the user did not leave within a second
   */
  boolean shut() {
    shut = true;
    long begunNs = System.nanoTime();
    while (inside) {
      if (System.nanoTime() - begunNs > WAIT_NS) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }
}
