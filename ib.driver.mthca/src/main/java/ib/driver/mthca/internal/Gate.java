// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps the memory of a queue while a thread writes or reads it. One thread at a time goes in; it
 * enters, and then looks whether the queue is closed; who closes says so, and then waits until
 * nobody is inside: so either the one sees the end, or the other waits.
 */
final class Gate {
  private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(1);
  private static final long STEP_NS = 10_000;

  private volatile boolean inside;

  void enter() {
    inside = true;
  }

  void leave() {
    inside = false;
  }

  /** Waits until nobody is inside; false if that takes too long: the memory can't be given away. */
  boolean awaitEmpty() {
    long endNs = System.nanoTime() + WAIT_NS;
    while (inside) {
      if (System.nanoTime() - endNs > 0) {
        return false;
      }
      LockSupport.parkNanos(STEP_NS);
    }
    return true;
  }
}
