// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/**
 * What all information units have in common: an opcode in the first byte and a tag at byte 8 (only
 * {@link SrpLoginReqCm} differs).
 */
public final class SrpIu {
  /** Offset of the opcode. */
  public static final int OPCODE_OFFSET = 0;

  /** Offset of the tag. */
  public static final int TAG_OFFSET = 8;

  /** Length in bytes of a port id. */
  public static final int PORT_ID_BYTES = 16;

  private SrpIu() {}

  /** The opcode, see {@link SrpOpcode}. */
  public static int opcode(MemorySegment seg, long off) {
    return Be.u8(seg, off + OPCODE_OFFSET);
  }

  /** The tag: opaque, to be echoed by {@link #tag(MemorySegment, long, long)}. */
  public static long tag(MemorySegment seg, long off) {
    return Be.tag(seg, off + TAG_OFFSET);
  }

  /** Stores the tag. */
  public static void tag(MemorySegment seg, long off, long tag) {
    Be.tag(seg, off + TAG_OFFSET, tag);
  }

  /** Clears {@code length} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, int length, int opcode, long tag) {
    seg.asSlice(off, length).fill((byte) 0);
    Be.u8(seg, off + OPCODE_OFFSET, opcode);
    tag(seg, off, tag);
  }
}
