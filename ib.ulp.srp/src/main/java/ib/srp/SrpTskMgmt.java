// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Task management request, 48 bytes. */
public final class SrpTskMgmt {
  /** Length in bytes. */
  public static final int LENGTH = 48;

  /** Offset of the solicited notification bits. */
  public static final int SOLICITED_OFFSET = 1;

  /** Offset of the logical unit number, see {@link SrpLun}. */
  public static final int LUN_OFFSET = 20;

  /** Offset of what to do. */
  public static final int FUNCTION_OFFSET = 30;

  /** Offset of the tag of the task to abort. */
  public static final int TASK_TAG_OFFSET = 32;

  /** Function: abort the task with the given tag. */
  public static final int ABORT_TASK = 0x01;

  /** Function: abort all tasks of this initiator at the logical unit. */
  public static final int ABORT_TASK_SET = 0x02;

  /** Function: abort all tasks of all initiators at the logical unit. */
  public static final int CLEAR_TASK_SET = 0x04;

  /** Function: reset the logical unit. */
  public static final int LUN_RESET = 0x08;

  /** Function: clear the auto contingent allegiance. */
  public static final int CLEAR_ACA = 0x40;

  private SrpTskMgmt() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.TSK_MGMT, tag);
  }

  /** The solicited notification bits. */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits. */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** The logical unit number, see {@link SrpLun}. */
  public static long lun(MemorySegment seg, long off) {
    return Be.u64(seg, off + LUN_OFFSET);
  }

  /** Stores the logical unit number, see {@link SrpLun}. */
  public static void lun(MemorySegment seg, long off, long value) {
    Be.u64(seg, off + LUN_OFFSET, value);
  }

  /** What to do. */
  public static int function(MemorySegment seg, long off) {
    return Be.u8(seg, off + FUNCTION_OFFSET);
  }

  /** Stores what to do. */
  public static void function(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FUNCTION_OFFSET, value);
  }

  /** The tag of the task to abort. */
  public static long taskTag(MemorySegment seg, long off) {
    return Be.tag(seg, off + TASK_TAG_OFFSET);
  }

  /** Stores the tag of the task to abort. */
  public static void taskTag(MemorySegment seg, long off, long value) {
    Be.tag(seg, off + TASK_TAG_OFFSET, value);
  }

  /** The name of a function, or its number in hexadecimal where it is none of the above. */
  public static String functionName(int function) {
    return switch (function) {
      case ABORT_TASK -> "ABORT_TASK";
      case ABORT_TASK_SET -> "ABORT_TASK_SET";
      case CLEAR_TASK_SET -> "CLEAR_TASK_SET";
      case LUN_RESET -> "LUN_RESET";
      case CLEAR_ACA -> "CLEAR_ACA";
      default -> "0x" + Integer.toHexString(function);
    };
  }
}
