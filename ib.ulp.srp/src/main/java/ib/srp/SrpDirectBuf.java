// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Memory descriptor, 16 bytes: a piece of the initiator's memory. */
public final class SrpDirectBuf {
  /** Length in bytes. */
  public static final int LENGTH = 16;

  /** Offset of the virtual address. */
  public static final int VA_OFFSET = 0;

  /** Offset of the memory handle: the remote key. */
  public static final int KEY_OFFSET = 8;

  /** Offset of the length in bytes. */
  public static final int LENGTH_OFFSET = 12;

  private SrpDirectBuf() {}

  /** The virtual address. */
  public static long va(MemorySegment seg, long off) {
    return Be.u64(seg, off + VA_OFFSET);
  }

  /** Stores the virtual address. */
  public static void va(MemorySegment seg, long off, long value) {
    Be.u64(seg, off + VA_OFFSET, value);
  }

  /** The memory handle: the remote key. */
  public static int key(MemorySegment seg, long off) {
    return Be.u32(seg, off + KEY_OFFSET);
  }

  /** Stores the memory handle: the remote key. */
  public static void key(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + KEY_OFFSET, value);
  }

  /** The length in bytes. */
  public static long length(MemorySegment seg, long off) {
    return Be.u32L(seg, off + LENGTH_OFFSET);
  }

  /** Stores the length in bytes. */
  public static void length(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + LENGTH_OFFSET, (int) value);
  }

  /** Writes the whole descriptor. */
  public static void write(MemorySegment seg, long off, long va, int key, long length) {
    va(seg, off, va);
    key(seg, off, key);
    length(seg, off, length);
  }
}
