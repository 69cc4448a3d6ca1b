// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Response: 36 bytes, response data, sense data. */
public final class SrpRsp {
  /** Length in bytes of the fixed part. */
  public static final int LENGTH = 36;

  /** Offset of the solicited notification bits. */
  public static final int SOLICITED_OFFSET = 1;

  /** Offset of what the request limit grows by; may be negative. */
  public static final int REQUEST_LIMIT_DELTA_OFFSET = 4;

  /** Offset of which of the following fields are valid. */
  public static final int FLAGS_OFFSET = 18;

  /** Offset of the SCSI status. */
  public static final int STATUS_OFFSET = 19;

  /** Offset of the data-out residual in bytes. */
  public static final int OUT_RESIDUAL_OFFSET = 20;

  /** Offset of the data-in residual in bytes. */
  public static final int IN_RESIDUAL_OFFSET = 24;

  /** Offset of the length in bytes of the sense data. */
  public static final int SENSE_LENGTH_OFFSET = 28;

  /** Offset of the length in bytes of the response data. */
  public static final int RESPONSE_LENGTH_OFFSET = 32;

  /** Bit of {@link #flags}: there is response data. */
  public static final int RESPONSE_VALID = 0x01;

  /** Bit of {@link #flags}: there is sense data. */
  public static final int SENSE_VALID = 0x02;

  /** Bit of {@link #flags}: there was more data-out than the initiator's buffer. */
  public static final int OUT_OVERFLOW = 0x04;

  /** Bit of {@link #flags}: there was less data-out than the initiator's buffer. */
  public static final int OUT_UNDERFLOW = 0x08;

  /** Bit of {@link #flags}: there was more data-in than the initiator's buffer. */
  public static final int IN_OVERFLOW = 0x10;

  /** Bit of {@link #flags}: there was less data-in than the initiator's buffer. */
  public static final int IN_UNDERFLOW = 0x20;

  /** Length in bytes of the response data of a task management function. */
  public static final int TASK_RESPONSE_LENGTH = 4;

  /** Task management response: the function is complete. */
  public static final int TASK_COMPLETE = 0;

  /** Task management response: a field of the request is invalid. */
  public static final int TASK_FIELDS_INVALID = 2;

  /** Task management response: the function is not supported. */
  public static final int TASK_NOT_SUPPORTED = 4;

  /** Task management response: the function failed. */
  public static final int TASK_FAILED = 5;

  private SrpRsp() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.RSP, tag);
  }

  /** The solicited notification bits. */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits. */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** What the request limit grows by; may be negative. */
  public static int requestLimitDelta(MemorySegment seg, long off) {
    return Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET);
  }

  /** Stores what the request limit grows by; may be negative. */
  public static void requestLimitDelta(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET, value);
  }

  /** Which of the following fields are valid. */
  public static int flags(MemorySegment seg, long off) {
    return Be.u8(seg, off + FLAGS_OFFSET);
  }

  /** Stores which of the following fields are valid. */
  public static void flags(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FLAGS_OFFSET, value);
  }

  /** The SCSI status. */
  public static int status(MemorySegment seg, long off) {
    return Be.u8(seg, off + STATUS_OFFSET);
  }

  /** Stores the SCSI status. */
  public static void status(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + STATUS_OFFSET, value);
  }

  /** The data-out residual in bytes. */
  public static long outResidual(MemorySegment seg, long off) {
    return Be.u32L(seg, off + OUT_RESIDUAL_OFFSET);
  }

  /** Stores the data-out residual in bytes. */
  public static void outResidual(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + OUT_RESIDUAL_OFFSET, (int) value);
  }

  /** The data-in residual in bytes. */
  public static long inResidual(MemorySegment seg, long off) {
    return Be.u32L(seg, off + IN_RESIDUAL_OFFSET);
  }

  /** Stores the data-in residual in bytes. */
  public static void inResidual(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + IN_RESIDUAL_OFFSET, (int) value);
  }

  /** The length in bytes of the sense data. */
  public static long senseLength(MemorySegment seg, long off) {
    return Be.u32L(seg, off + SENSE_LENGTH_OFFSET);
  }

  /** Stores the length in bytes of the sense data. */
  public static void senseLength(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + SENSE_LENGTH_OFFSET, (int) value);
  }

  /** The length in bytes of the response data. */
  public static long responseLength(MemorySegment seg, long off) {
    return Be.u32L(seg, off + RESPONSE_LENGTH_OFFSET);
  }

  /** Stores the length in bytes of the response data. */
  public static void responseLength(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + RESPONSE_LENGTH_OFFSET, (int) value);
  }

  /** Bytes of response data: what the length says where the flag says that there is any, else 0. */
  public static long responseBytes(MemorySegment seg, long off) {
    return (flags(seg, off) & RESPONSE_VALID) != 0 ? responseLength(seg, off) : 0;
  }

  /** Bytes of sense data: what the length says where the flag says that there is any, else 0. */
  public static long senseBytes(MemorySegment seg, long off) {
    return (flags(seg, off) & SENSE_VALID) != 0 ? senseLength(seg, off) : 0;
  }

  /** Where the response data begins. */
  public static long responseData(long off) {
    return off + LENGTH;
  }

  /** Where the sense data begins: after the response data. */
  public static long senseData(MemorySegment seg, long off) {
    return off + LENGTH + responseBytes(seg, off);
  }

  /** The code in the response data of a task management function, its last byte. */
  public static int taskResponse(MemorySegment seg, long off) {
    return Be.u8(seg, off + LENGTH + TASK_RESPONSE_LENGTH - 1);
  }

  /**
   * Writes flag, length and code of a task management function's response data; no sense data
   * follows.
   */
  public static void taskResponse(MemorySegment seg, long off, int code) {
    flags(seg, off, RESPONSE_VALID);
    responseLength(seg, off, TASK_RESPONSE_LENGTH);
    Be.u32(seg, off + LENGTH, code & 0xFF);
  }
}
