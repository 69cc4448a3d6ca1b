// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  /** As many as the longest fixed part, that of a login request, has. */
  private static final byte[] ZEROS = new byte[SrpLoginReq.LENGTH];

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

  /** Clears {@code length} bytes, at most 64, and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, int length, int opcode, long tag) {
    // Copied, not filled: fill needs a slice, an object for every unit.
    MemorySegment.copy(ZEROS, 0, seg, ValueLayout.JAVA_BYTE, off, length);
    Be.u8(seg, off + OPCODE_OFFSET, opcode);
    tag(seg, off, tag);
  }
}
