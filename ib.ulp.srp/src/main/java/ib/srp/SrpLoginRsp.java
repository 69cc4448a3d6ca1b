// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Login response, 52 bytes: private data of the REP. */
public final class SrpLoginRsp {
  /** Length in bytes. */
  public static final int LENGTH = 52;

  /** Offset of the initial request limit. */
  public static final int REQUEST_LIMIT_DELTA_OFFSET = 4;

  /** Offset of the longest IU in bytes that the target takes. */
  public static final int MAX_INITIATOR_TO_TARGET_OFFSET = 16;

  /** Offset of the longest IU in bytes that the target will send. */
  public static final int MAX_TARGET_TO_INITIATOR_OFFSET = 20;

  /** Offset of the {@link SrpBufferFormat} set that may be used. */
  public static final int BUFFER_FORMATS_OFFSET = 24;

  /** Offset of the multichannel result and whether immediate data may be used. */
  public static final int FLAGS_OFFSET = 26;

  /** Bits of {@link #flags}: the multichannel result. */
  public static final int RESULT_MASK = 0x03;

  /** Result: there was no other channel of this I_T nexus. */
  public static final int RESULT_NO_CHANNEL = 0;

  /** Result: the other channels of this I_T nexus were ended. */
  public static final int RESULT_TERMINATED = 1;

  /** Result: the other channels of this I_T nexus go on. */
  public static final int RESULT_MAINTAINED = 2;

  /** Bit of {@link #flags}: immediate data may be used. */
  public static final int IMMEDIATE_DATA = 0x80;

  private SrpLoginRsp() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.LOGIN_RSP, tag);
  }

  /** The initial request limit. */
  public static int requestLimitDelta(MemorySegment seg, long off) {
    return Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET);
  }

  /** Stores the initial request limit. */
  public static void requestLimitDelta(MemorySegment seg, long off, int value) {
    Be.u32(seg, off + REQUEST_LIMIT_DELTA_OFFSET, value);
  }

  /** The longest IU in bytes that the target takes. */
  public static long maxInitiatorToTarget(MemorySegment seg, long off) {
    return Be.u32L(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET);
  }

  /** Stores the longest IU in bytes that the target takes. */
  public static void maxInitiatorToTarget(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET, (int) value);
  }

  /** The longest IU in bytes that the target will send. */
  public static long maxTargetToInitiator(MemorySegment seg, long off) {
    return Be.u32L(seg, off + MAX_TARGET_TO_INITIATOR_OFFSET);
  }

  /** Stores the longest IU in bytes that the target will send. */
  public static void maxTargetToInitiator(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + MAX_TARGET_TO_INITIATOR_OFFSET, (int) value);
  }

  /** The {@link SrpBufferFormat} set that may be used. */
  public static int bufferFormats(MemorySegment seg, long off) {
    return Be.u16(seg, off + BUFFER_FORMATS_OFFSET);
  }

  /** Stores the {@link SrpBufferFormat} set that may be used. */
  public static void bufferFormats(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + BUFFER_FORMATS_OFFSET, value);
  }

  /** The multichannel result and whether immediate data may be used. */
  public static int flags(MemorySegment seg, long off) {
    return Be.u8(seg, off + FLAGS_OFFSET);
  }

  /** Stores the multichannel result and whether immediate data may be used. */
  public static void flags(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FLAGS_OFFSET, value);
  }
}
