// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** Immediate data, 4 bytes (specification 9.3.6). */
public final class ImmDt {
  /** Length in bytes. */
  public static final int LENGTH = 4;

  /** Offset of the immediate data as the number that its four bytes make, first byte highest. */
  public static final int VALUE_OFFSET = 0;

  private ImmDt() {}

  /** The immediate data as the number that its four bytes make, first byte highest. */
  public static int value(MemorySegment seg, long off) {
    return Wire.u32(seg, off + VALUE_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, int value) {
    Wire.u32(seg, off + VALUE_OFFSET, value);
  }
}
