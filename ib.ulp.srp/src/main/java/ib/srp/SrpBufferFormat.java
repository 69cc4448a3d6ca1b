// SPDX-License-Identifier: Apache-2.0
package ib.srp;

/** Formats of data buffer descriptors, and the set of them that a login agrees on. */
public final class SrpBufferFormat {
  /** No data. */
  public static final int NONE = 0;

  /** One {@link SrpDirectBuf}. */
  public static final int DIRECT = 1;

  /** One {@link SrpIndirectBuf}. */
  public static final int INDIRECT = 2;

  /** A length; the data is in the IU itself, at the offset agreed at login (data-out only). */
  public static final int IMMEDIATE = 3;

  /** Set bit at login: direct descriptors. */
  public static final int DIRECT_SET = 0x2;

  /** Set bit at login: indirect descriptors. */
  public static final int INDIRECT_SET = 0x4;

  private SrpBufferFormat() {}

  /** The name of a format, or its number. */
  public static String name(int format) {
    return switch (format) {
      case NONE -> "none";
      case DIRECT -> "direct";
      case INDIRECT -> "indirect";
      case IMMEDIATE -> "immediate";
      default -> "format " + format;
    };
  }
}
