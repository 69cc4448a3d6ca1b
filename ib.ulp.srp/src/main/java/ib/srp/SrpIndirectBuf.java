// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/**
 * Indirect data buffer descriptor, 20 bytes and its partial list: the descriptor of a table of
 * {@link SrpDirectBuf} in the initiator's memory, the total length, and the first entries of that
 * table.
 */
public final class SrpIndirectBuf {
  /** Length in bytes of the fixed part. */
  public static final int LENGTH = 20;

  /** Offset of the length in bytes of all pieces together. */
  public static final int TOTAL_LENGTH_OFFSET = 16;

  private SrpIndirectBuf() {}

  /** The length in bytes of all pieces together. */
  public static long totalLength(MemorySegment seg, long off) {
    return Be.u32L(seg, off + TOTAL_LENGTH_OFFSET);
  }

  /** Stores the length in bytes of all pieces together. */
  public static void totalLength(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + TOTAL_LENGTH_OFFSET, (int) value);
  }

  /** Offset of the table's own {@link SrpDirectBuf}; its length counts the table's bytes. */
  public static long table(long off) {
    return off;
  }

  /** Offset of entry {@code index} of the partial list. */
  public static long entry(long off, int index) {
    return off + LENGTH + (long) index * SrpDirectBuf.LENGTH;
  }

  /** Entries in the whole table. */
  public static long tableEntries(MemorySegment seg, long off) {
    return SrpDirectBuf.length(seg, table(off)) / SrpDirectBuf.LENGTH;
  }
}
