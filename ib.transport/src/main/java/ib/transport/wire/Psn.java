// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/**
 * Arithmetic on 24-bit packet (and message) sequence numbers, modulo 2^24 (specification 9.7.1).
 */
public final class Psn {
  /** The 24 bits of a sequence number. */
  public static final int MASK = 0xFF_FFFF;

  private Psn() {}

  /** {@code psn + count} modulo 2^24; {@code count} may be negative. */
  public static int add(int psn, int count) {
    return (psn + count) & MASK;
  }

  /** The sequence number after {@code psn}. */
  public static int next(int psn) {
    return (psn + 1) & MASK;
  }

  /** {@code a - b} as a signed 24-bit number, -2^23..2^23-1: positive where {@code a} is ahead. */
  public static int diff(int a, int b) {
    return ((a - b) << 8) >> 8;
  }

  /** Whether {@code a} is behind {@code b}. */
  public static boolean isBefore(int a, int b) {
    return diff(a, b) < 0;
  }

  /** Whether {@code a} is ahead of {@code b}. */
  public static boolean isAfter(int a, int b) {
    return diff(a, b) > 0;
  }

  /**
   * How many packets, and so sequence numbers, a message or READ response has: at least one.
   *
   * @param length bytes, not negative
   * @param mtu payload bytes per packet, a power of two
   */
  public static int packets(long length, int mtu) {
    return length <= mtu ? 1 : (int) ((length + mtu - 1) >>> Integer.numberOfTrailingZeros(mtu));
  }
}
