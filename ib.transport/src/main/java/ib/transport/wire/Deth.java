// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** Datagram extended transport header, 8 bytes (specification 9.3.2). */
public final class Deth {
  /** Length in bytes. */
  public static final int LENGTH = 8;

  /** Offset of the queue key. */
  public static final int Q_KEY_OFFSET = 0;

  /** Offset of the 24-bit source queue pair number. */
  public static final int SRC_QP_OFFSET = 5;

  /** Offset of the reserved byte. */
  public static final int RESERVED_OFFSET = 4;

  private Deth() {}

  /** The queue key. */
  public static int qKey(MemorySegment seg, long off) {
    return Wire.u32(seg, off + Q_KEY_OFFSET);
  }

  /** The 24-bit source queue pair number. */
  public static int srcQp(MemorySegment seg, long off) {
    return Wire.u24(seg, off + SRC_QP_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, int qKey, int srcQp) {
    Wire.u8(seg, off + RESERVED_OFFSET, 0);
    Wire.u32(seg, off + Q_KEY_OFFSET, qKey);
    Wire.u24(seg, off + SRC_QP_OFFSET, srcQp);
  }
}
