// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Bounded waits that an interrupt does not cut short, as what follows them must be done. */
final class Waits {
  private Waits() {}

  /**
   * Waits for a future.
   *
   * @return false if it is not done in time
   */
  static boolean await(CompletableFuture<?> future, long timeoutNs) {
    long deadlineNs = System.nanoTime() + timeoutNs;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          future.get(Math.max(0, deadlineNs - System.nanoTime()), TimeUnit.NANOSECONDS);
          return true;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          return true;
        } catch (TimeoutException e) {
          return false;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
