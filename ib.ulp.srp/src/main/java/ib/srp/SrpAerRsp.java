// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Response to an asynchronous event report, 16 bytes: opcode and tag. */
public final class SrpAerRsp {
  /** Length in bytes. */
  public static final int LENGTH = 16;

  private SrpAerRsp() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.AER_RSP, tag);
  }
}
