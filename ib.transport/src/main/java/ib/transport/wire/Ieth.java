// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** Invalidate extended transport header, 4 bytes (specification 9.3.7). */
public final class Ieth {
  /** Length in bytes. */
  public static final int LENGTH = 4;

  /** Offset of the remote key to invalidate. */
  public static final int R_KEY_OFFSET = 0;

  private Ieth() {}

  /** The remote key to invalidate. */
  public static int rKey(MemorySegment seg, long off) {
    return Wire.u32(seg, off + R_KEY_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, int rKey) {
    Wire.u32(seg, off + R_KEY_OFFSET, rKey);
  }
}
