// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * A monotonic clock in nanoseconds, injected so that tests can turn it by hand.
 *
 * <p>Only differences mean something. Implementations may be called from any thread.
 */
@FunctionalInterface
public interface NanoClock {
  /** The clock of this machine, {@link System#nanoTime()}. */
  NanoClock SYSTEM = System::nanoTime;

  /** The present time in nanoseconds from an arbitrary origin; never goes backwards. */
  long nanoTime();
}
