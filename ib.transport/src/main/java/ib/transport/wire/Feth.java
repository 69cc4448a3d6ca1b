// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/**
 * Flush extended transport header, 4 bytes (annex A19): reserved 24, selectivity level 4, placement
 * type 4.
 */
public final class Feth {
  /** Length in bytes. */
  public static final int LENGTH = 4;

  /**
   * Offset of all 32 bits; the low byte is selectivity level (bits 7:4) and placement type (bits
   * 3:0).
   */
  public static final int VALUE_OFFSET = 0;

  /** Selectivity level: the range of the {@link Reth}. */
  public static final int LEVEL_RANGE = 0;

  /** Selectivity level: the whole region. */
  public static final int LEVEL_MR = 1;

  private static final int LEVEL_SHIFT = 4;
  private static final int NIBBLE = 0xF;

  private Feth() {}

  /** Selectivity level of a value. */
  public static int level(int value) {
    return value >>> LEVEL_SHIFT & NIBBLE;
  }

  /** Placement type of a value: bits of global visibility (1) and persistence (2). */
  public static int placement(int value) {
    return value & NIBBLE;
  }

  /** All 32 bits of a level and a placement type. */
  public static int of(int level, int placement) {
    return level << LEVEL_SHIFT | placement;
  }

  /** All 32 bits; the low byte is selectivity level (bits 7:4) and placement type (bits 3:0). */
  public static int value(MemorySegment seg, long off) {
    return Wire.u32(seg, off + VALUE_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, int value) {
    Wire.u32(seg, off + VALUE_OFFSET, value);
  }
}
