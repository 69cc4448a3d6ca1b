// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/**
 * The 5-bit timeout codes of QPs and of the connection manager: code t stands for 4.096 µs · 2^t
 * (specification 9.9.4 and 12.7).
 */
public final class TimeoutCode {
  /** The largest code. */
  public static final int MAX = 31;

  private static final long UNIT_NS = 4096;

  private TimeoutCode() {}

  /**
   * 4.096 µs · 2^code in nanoseconds; only the low five bits count. Code 0 as ACK timeout means
   * none.
   */
  public static long toNs(int code) {
    return UNIT_NS << (code & MAX);
  }

  /** The smallest code whose time is not below {@code timeoutNs}, at most {@link #MAX}. */
  public static int codeFor(long timeoutNs) {
    int code = 0;
    while (code < MAX && toNs(code) < timeoutNs) {
      code++;
    }
    return code;
  }
}
