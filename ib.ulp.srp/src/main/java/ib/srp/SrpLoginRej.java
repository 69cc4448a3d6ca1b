// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Login reject, 32 bytes: private data of the REJ. */
public final class SrpLoginRej {
  /** Length in bytes. */
  public static final int LENGTH = 32;

  /** Offset of the reason, see {@link LoginRejReason}. */
  public static final int REASON_OFFSET = 4;

  /** Offset of the {@link SrpBufferFormat} set that the target takes. */
  public static final int BUFFER_FORMATS_OFFSET = 24;

  private SrpLoginRej() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.LOGIN_REJ, tag);
  }

  /** The reason, see {@link LoginRejReason}. */
  public static int reason(MemorySegment seg, long off) {
    return Be.u32(seg, off + REASON_OFFSET);
  }

  /** Stores the reason, see {@link LoginRejReason}. */
  public static void reason(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REASON_OFFSET, value);
  }

  /** The {@link SrpBufferFormat} set that the target takes. */
  public static int bufferFormats(MemorySegment seg, long off) {
    return Be.u16(seg, off + BUFFER_FORMATS_OFFSET);
  }

  /** Stores the {@link SrpBufferFormat} set that the target takes. */
  public static void bufferFormats(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + BUFFER_FORMATS_OFFSET, value);
  }
}
