// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** RDMA extended transport header, 16 bytes (specification 9.3.3). */
public final class Reth {
  /** Length in bytes. */
  public static final int LENGTH = 16;

  /** Offset of the virtual address at the responder. */
  public static final int VA_OFFSET = 0;

  /** Offset of the remote key. */
  public static final int R_KEY_OFFSET = 8;

  /** Offset of the length of the whole operation in bytes, 0..2^31. */
  public static final int DMA_LENGTH_OFFSET = 12;

  private Reth() {}

  /** The virtual address at the responder. */
  public static long va(MemorySegment seg, long off) {
    return Wire.u64(seg, off + VA_OFFSET);
  }

  /** The remote key. */
  public static int rKey(MemorySegment seg, long off) {
    return Wire.u32(seg, off + R_KEY_OFFSET);
  }

  /** The length of the whole operation in bytes, 0..2^31. */
  public static long dmaLength(MemorySegment seg, long off) {
    return Wire.u32AsLong(seg, off + DMA_LENGTH_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, long va, int rKey, long dmaLength) {
    Wire.u64(seg, off + VA_OFFSET, va);
    Wire.u32(seg, off + R_KEY_OFFSET, rKey);
    Wire.u32(seg, off + DMA_LENGTH_OFFSET, (int) dmaLength);
  }
}
