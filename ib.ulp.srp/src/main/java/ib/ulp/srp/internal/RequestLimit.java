// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/**
 * The target's request limit (T10/1415-D, 4.6): how many requests may be outstanding. Commands
 * leave one for task management. Responses cost nothing. Not thread-safe.
 */
final class RequestLimit {
  private static final int TASK_MANAGEMENT = 1;

  /** Leaves room for {@link #giveBack}. */
  private static final int MOST = Integer.MAX_VALUE / 2;

  private int available;

  /** Begins a login. */
  void start(int initialLimit) {
    available = initialLimit;
  }

  /** The target gave, or took back, some; however wrong, the sum does not wrap. */
  void add(int delta) {
    available = Math.clamp((long) available + delta, Integer.MIN_VALUE, MOST);
  }

  boolean takeForCommand() {
    if (available <= TASK_MANAGEMENT) {
      return false;
    }
    available--;
    return true;
  }

  boolean takeForTask() {
    if (available <= 0) {
      return false;
    }
    available--;
    return true;
  }

  /** A request was not sent after all. */
  void giveBack() {
    available++;
  }

  int available() {
    return available;
  }
}
