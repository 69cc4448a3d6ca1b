// SPDX-License-Identifier: Apache-2.0
package ib.srp;

/**
 * Logical unit numbers in their 64-bit form (SAM-5 4.7): peripheral device addressing below 256,
 * flat space addressing up to 16383.
 */
public final class SrpLun {
  /** The largest number that {@link #encode} takes. */
  public static final int MAX = 0x3FFF;

  /** What {@link #decode} returns for a form that it does not know. */
  public static final int UNKNOWN = -1;

  private static final int FLAT = 1;

  private SrpLun() {}

  /**
   * The 64-bit form of a number.
   *
   * @throws IllegalArgumentException if it is not 0..{@link #MAX}
   */
  public static long encode(int number) {
    if (number < 0 || number > MAX) {
      throw new IllegalArgumentException("logical unit number " + number + ": use 0.." + MAX);
    }
    return (long) (number < 256 ? number : FLAT << 14 | number) << 48;
  }

  /** The number in a 64-bit form of one level, or {@link #UNKNOWN}. */
  public static int decode(long lun) {
    int first = (int) (lun >>> 48);
    if (lun << 16 != 0) {
      return UNKNOWN;
    }
    return switch (first >>> 14) {
      case 0 -> first < 256 ? first : UNKNOWN;
      case FLAT -> first & MAX;
      default -> UNKNOWN;
    };
  }
}
