// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Logout of either side, 16 bytes: I_LOGOUT has opcode and tag only, T_LOGOUT a reason too. */
public final class SrpLogout {
  /** Length in bytes. */
  public static final int LENGTH = 16;

  /** Offset of the solicited notification bits (T_LOGOUT). */
  public static final int SOLICITED_OFFSET = 1;

  /** Offset of why the target logs the initiator out (T_LOGOUT). */
  public static final int REASON_OFFSET = 4;

  /** T_LOGOUT: no reason given. */
  public static final int NO_REASON = 0;

  /** T_LOGOUT: the channel was inactive. */
  public static final int INACTIVE = 1;

  /** T_LOGOUT: an IU was invalid or of unknown type. */
  public static final int INVALID_IU = 2;

  /** T_LOGOUT: a response came without a request. */
  public static final int SPURIOUS_RESPONSE = 3;

  /** T_LOGOUT: another login ended this channel. */
  public static final int MULTI_CHANNEL_ACTION = 4;

  private SrpLogout() {}

  /** The solicited notification bits (T_LOGOUT). */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits (T_LOGOUT). */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** Why the target logs the initiator out (T_LOGOUT). */
  public static int reason(MemorySegment seg, long off) {
    return Be.u32(seg, off + REASON_OFFSET);
  }

  /** Stores why the target logs the initiator out (T_LOGOUT). */
  public static void reason(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REASON_OFFSET, value);
  }

  /** Clears {@link #LENGTH} bytes and writes an I_LOGOUT. */
  public static void initInitiator(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.I_LOGOUT, tag);
  }

  /** Clears {@link #LENGTH} bytes and writes a T_LOGOUT. */
  public static void initTarget(MemorySegment seg, long off, long tag, int reason) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.T_LOGOUT, tag);
    reason(seg, off, reason);
  }
}
