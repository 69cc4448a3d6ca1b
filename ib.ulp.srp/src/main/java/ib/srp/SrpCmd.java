// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Command: 48 bytes, additional CDB bytes, data-out descriptor, data-in descriptor. */
public final class SrpCmd {
  /** Length in bytes of the fixed part. */
  public static final int LENGTH = 48;

  /** Offset of the solicited notification bits. */
  public static final int SOLICITED_OFFSET = 1;

  /**
   * Offset of both {@link SrpBufferFormat} codes: data-out in the high, data-in in the low four
   * bits.
   */
  public static final int FORMATS_OFFSET = 5;

  /** Offset of the number of entries in the data-out descriptor's partial list. */
  public static final int OUT_COUNT_OFFSET = 6;

  /** Offset of the number of entries in the data-in descriptor's partial list. */
  public static final int IN_COUNT_OFFSET = 7;

  /** Offset of the logical unit number, see {@link SrpLun}. */
  public static final int LUN_OFFSET = 20;

  /** Offset of the task attribute. */
  public static final int TASK_ATTRIBUTE_OFFSET = 29;

  /** Offset of the field of the additional CDB's length, in which the low two bits are reserved. */
  public static final int ADDITIONAL_CDB_FIELD_OFFSET = 31;

  /** Offset of the 16 bytes of the CDB. */
  public static final int CDB_OFFSET = 32;

  /** Length of the CDB in bytes, without additional ones. */
  public static final int CDB_LENGTH = 16;

  /** Task attribute: in any order. */
  public static final int SIMPLE = 0;

  /** Task attribute: before all others. */
  public static final int HEAD_OF_QUEUE = 1;

  /** Task attribute: after all earlier ones. */
  public static final int ORDERED = 2;

  /** Task attribute: auto contingent allegiance. */
  public static final int ACA = 4;

  /** Length in bytes of the descriptor of immediate data: a length only. */
  public static final int IMMEDIATE_DESCRIPTOR_LENGTH = 4;

  private SrpCmd() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.CMD, tag);
  }

  /** The solicited notification bits. */
  public static int solicited(MemorySegment seg, long off) {
    return Be.u8(seg, off + SOLICITED_OFFSET);
  }

  /** Stores the solicited notification bits. */
  public static void solicited(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + SOLICITED_OFFSET, value);
  }

  /** Both {@link SrpBufferFormat} codes: data-out in the high, data-in in the low four bits. */
  public static int formats(MemorySegment seg, long off) {
    return Be.u8(seg, off + FORMATS_OFFSET);
  }

  /**
   * Stores both {@link SrpBufferFormat} codes: data-out in the high, data-in in the low four bits.
   */
  public static void formats(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FORMATS_OFFSET, value);
  }

  /** The number of entries in the data-out descriptor's partial list. */
  public static int outCount(MemorySegment seg, long off) {
    return Be.u8(seg, off + OUT_COUNT_OFFSET);
  }

  /** Stores the number of entries in the data-out descriptor's partial list. */
  public static void outCount(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + OUT_COUNT_OFFSET, value);
  }

  /** The number of entries in the data-in descriptor's partial list. */
  public static int inCount(MemorySegment seg, long off) {
    return Be.u8(seg, off + IN_COUNT_OFFSET);
  }

  /** Stores the number of entries in the data-in descriptor's partial list. */
  public static void inCount(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + IN_COUNT_OFFSET, value);
  }

  /** The logical unit number, see {@link SrpLun}. */
  public static long lun(MemorySegment seg, long off) {
    return Be.u64(seg, off + LUN_OFFSET);
  }

  /** Stores the logical unit number, see {@link SrpLun}. */
  public static void lun(MemorySegment seg, long off, long value) {
    Be.u64(seg, off + LUN_OFFSET, value);
  }

  /** The task attribute. */
  public static int taskAttribute(MemorySegment seg, long off) {
    return Be.u8(seg, off + TASK_ATTRIBUTE_OFFSET);
  }

  /** Stores the task attribute. */
  public static void taskAttribute(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + TASK_ATTRIBUTE_OFFSET, value);
  }

  /** The field of the additional CDB's length, in which the low two bits are reserved. */
  public static int additionalCdbField(MemorySegment seg, long off) {
    return Be.u8(seg, off + ADDITIONAL_CDB_FIELD_OFFSET);
  }

  /** Stores the field of the additional CDB's length, in which the low two bits are reserved. */
  public static void additionalCdbField(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + ADDITIONAL_CDB_FIELD_OFFSET, value);
  }

  /** The {@link SrpBufferFormat} of the data-out descriptor. */
  public static int outFormat(MemorySegment seg, long off) {
    return formats(seg, off) >>> 4;
  }

  /** The {@link SrpBufferFormat} of the data-in descriptor. */
  public static int inFormat(MemorySegment seg, long off) {
    return formats(seg, off) & 0xF;
  }

  /** Stores both {@link SrpBufferFormat} codes. */
  public static void formats(MemorySegment seg, long off, int outFormat, int inFormat) {
    formats(seg, off, (outFormat << 4) | inFormat);
  }

  /** Bytes of CDB after the first 16. */
  public static int additionalCdbLength(MemorySegment seg, long off) {
    return additionalCdbField(seg, off) & ~3;
  }

  /**
   * Length in bytes of a descriptor of a format with {@code count} entries; 0 for an unknown
   * format.
   */
  public static int descriptorLength(int format, int count) {
    return switch (format) {
      case SrpBufferFormat.DIRECT -> SrpDirectBuf.LENGTH;
      case SrpBufferFormat.INDIRECT -> SrpIndirectBuf.LENGTH + count * SrpDirectBuf.LENGTH;
      case SrpBufferFormat.IMMEDIATE -> IMMEDIATE_DESCRIPTOR_LENGTH;
      default -> 0;
    };
  }

  /** Where the data-out descriptor begins. */
  public static long outDescriptor(MemorySegment seg, long off) {
    return off + LENGTH + additionalCdbLength(seg, off);
  }

  /** Where the data-in descriptor begins. */
  public static long inDescriptor(MemorySegment seg, long off) {
    return outDescriptor(seg, off) + descriptorLength(outFormat(seg, off), outCount(seg, off));
  }

  /** Length in bytes up to the end of the descriptors; immediate data is beyond it. */
  public static int descriptorsEnd(MemorySegment seg, long off) {
    return (int) (inDescriptor(seg, off) - off)
        + descriptorLength(inFormat(seg, off), inCount(seg, off));
  }

  /** The length in an immediate data buffer descriptor at {@code descriptorOff}. */
  public static long immediateLength(MemorySegment seg, long descriptorOff) {
    return Be.u32L(seg, descriptorOff);
  }

  /** Stores the length in an immediate data buffer descriptor at {@code descriptorOff}. */
  public static void immediateLength(MemorySegment seg, long descriptorOff, long length) {
    Be.u32(seg, descriptorOff, (int) length);
  }
}
