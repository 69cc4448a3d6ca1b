// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.NotSupportedException;
import ib.verbs.RdmaException;
import java.util.concurrent.atomic.AtomicInteger;

/** A limit on how many of a kind a device has. Thread-safe. */
public final class Quota {
  private final String what;
  private final int limit;
  private final AtomicInteger used = new AtomicInteger();

  /**
   * Creates a quota.
   *
   * @param what plural name with device, for the message
   * @param limit most at a time
   */
  public Quota(String what, int limit) {
    this.what = what;
    this.limit = limit;
  }

  /**
   * Takes one.
   *
   * @throws RdmaException if all are in use
   */
  public void take() throws RdmaException {
    if (used.incrementAndGet() > limit) {
      used.decrementAndGet();
      throw new RdmaException("all " + limit + " " + what + " are in use; close some first");
    }
  }

  /** Gives one back. */
  public void give() {
    used.decrementAndGet();
  }

  /**
   * How many are in use.
   *
   * @return count
   */
  public int used() {
    return used.get();
  }

  /**
   * Refuses a value above a limit of the device.
   *
   * @param what names the value and device
   * @param value value asked for
   * @param max largest allowed
   * @throws RdmaException if it is below 1 or above the limit
   */
  public static void checkLimit(String what, int value, int max) throws RdmaException {
    if (value < 1 || value > max) {
      throw new RdmaException(what + " " + value + ": give 1 to " + max);
    }
  }

  /**
   * Refuses more inline data than the device takes.
   *
   * @param device names the device
   * @param bytes asked for
   * @param max what it takes, 0 = none
   * @throws NotSupportedException if it takes none
   * @throws RdmaException if it takes less
   */
  public static void checkInlineData(String device, int bytes, int max) throws RdmaException {
    if (bytes > 0 && max == 0) {
      throw new NotSupportedException(device + " takes no inline data; give elements");
    }
    if (bytes > max) {
      throw new RdmaException(
          bytes + " bytes of inline data on " + device + ": give at most " + max);
    }
  }
}
