// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/** Atomic ACK extended transport header, 8 bytes (specification 9.3.5). */
public final class AtomicAckEth {
  /** Length in bytes. */
  public static final int LENGTH = 8;

  /** Offset of the remote value before the operation. */
  public static final int ORIGINAL_OFFSET = 0;

  private AtomicAckEth() {}

  /** The remote value before the operation. */
  public static long original(MemorySegment seg, long off) {
    return Wire.u64(seg, off + ORIGINAL_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, long original) {
    Wire.u64(seg, off + ORIGINAL_OFFSET, original);
  }
}
