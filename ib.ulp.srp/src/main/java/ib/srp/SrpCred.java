// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/**
 * Credit request of the target and its response, 16 bytes each; the response has opcode and tag
 * only.
 */
public final class SrpCred {
  /** Length in bytes. */
  public static final int LENGTH = 16;

  /** Offset of the solicited notification bits (CRED_REQ). */
  public static final int SOLICITED_OFFSET = 1;

  /** Offset of what the request limit grows by (CRED_REQ). */
  public static final int REQUEST_LIMIT_DELTA_OFFSET = 4;

  private SrpCred() {}

  /** The solicited notification bits (CRED_REQ). */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits (CRED_REQ). */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** What the request limit grows by (CRED_REQ). */
  public static int requestLimitDelta(MemorySegment seg, long off) {
    return Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET);
  }

  /** Stores what the request limit grows by (CRED_REQ). */
  public static void requestLimitDelta(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET, value);
  }

  /** Clears {@link #LENGTH} bytes and writes a CRED_REQ. */
  public static void initRequest(MemorySegment seg, long off, long tag, int requestLimitDelta) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.CRED_REQ, tag);
    requestLimitDelta(seg, off, requestLimitDelta);
  }

  /** Clears {@link #LENGTH} bytes and writes a CRED_RSP. */
  public static void initResponse(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.CRED_RSP, tag);
  }
}
