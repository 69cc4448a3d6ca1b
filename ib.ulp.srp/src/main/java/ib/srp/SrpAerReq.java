// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Asynchronous event report of the target: 36 bytes and sense data. */
public final class SrpAerReq {
  /** Length in bytes of the fixed part. */
  public static final int LENGTH = 36;

  /** Offset of the solicited notification bits. */
  public static final int SOLICITED_OFFSET = 1;

  /** Offset of what the request limit grows by. */
  public static final int REQUEST_LIMIT_DELTA_OFFSET = 4;

  /** Offset of the logical unit number, see {@link SrpLun}. */
  public static final int LUN_OFFSET = 20;

  /** Offset of the length in bytes of the sense data. */
  public static final int SENSE_LENGTH_OFFSET = 28;

  private SrpAerReq() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.AER_REQ, tag);
  }

  /** The solicited notification bits. */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits. */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** What the request limit grows by. */
  public static int requestLimitDelta(MemorySegment seg, long off) {
    return Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET);
  }

  /** Stores what the request limit grows by. */
  public static void requestLimitDelta(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET, value);
  }

  /** The logical unit number, see {@link SrpLun}. */
  public static long lun(MemorySegment seg, long off) {
    return Be.u64(seg, off + LUN_OFFSET);
  }

  /** Stores the logical unit number, see {@link SrpLun}. */
  public static void lun(MemorySegment seg, long off, long value) {
    Be.u64(seg, off + LUN_OFFSET, value);
  }

  /** The length in bytes of the sense data. */
  public static long senseLength(MemorySegment seg, long off) {
    return Be.u32L(seg, off + SENSE_LENGTH_OFFSET);
  }

  /** Stores the length in bytes of the sense data. */
  public static void senseLength(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + SENSE_LENGTH_OFFSET, (int) value);
  }

  /** Where the sense data begins. */
  public static long senseData(long off) {
    return off + LENGTH;
  }
}
