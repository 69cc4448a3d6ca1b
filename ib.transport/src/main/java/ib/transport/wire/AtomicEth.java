// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** Atomic extended transport header, 28 bytes (specification 9.3.4). */
public final class AtomicEth {
  /** Length in bytes. */
  public static final int LENGTH = 28;

  /** Offset of the virtual address at the responder, 8-byte aligned. */
  public static final int VA_OFFSET = 0;

  /** Offset of the remote key. */
  public static final int R_KEY_OFFSET = 8;

  /** Offset of the value to swap in (compare and swap) or to add (fetch and add). */
  public static final int SWAP_OR_ADD_OFFSET = 12;

  /** Offset of the value to compare with (compare and swap only). */
  public static final int COMPARE_OFFSET = 20;

  private AtomicEth() {}

  /** The virtual address at the responder, 8-byte aligned. */
  public static long va(MemorySegment seg, long off) {
    return Wire.u64(seg, off + VA_OFFSET);
  }

  /** The remote key. */
  public static int rKey(MemorySegment seg, long off) {
    return Wire.u32(seg, off + R_KEY_OFFSET);
  }

  /** The value to swap in (compare and swap) or to add (fetch and add). */
  public static long swapOrAdd(MemorySegment seg, long off) {
    return Wire.u64(seg, off + SWAP_OR_ADD_OFFSET);
  }

  /** The value to compare with (compare and swap only). */
  public static long compare(MemorySegment seg, long off) {
    return Wire.u64(seg, off + COMPARE_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(
      MemorySegment seg, long off, long va, int rKey, long swapOrAdd, long compare) {
    Wire.u64(seg, off + VA_OFFSET, va);
    Wire.u32(seg, off + R_KEY_OFFSET, rKey);
    Wire.u64(seg, off + SWAP_OR_ADD_OFFSET, swapOrAdd);
    Wire.u64(seg, off + COMPARE_OFFSET, compare);
  }
}
