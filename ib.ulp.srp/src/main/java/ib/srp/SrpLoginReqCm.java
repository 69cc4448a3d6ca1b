// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Login request, 56 bytes, as the RDMA CM carries it after its own header in private data. */
public final class SrpLoginReqCm {
  /** Length in bytes. */
  public static final int LENGTH = 56;

  /** Offset of the tag. */
  public static final int TAG_OFFSET = 0;

  /** Offset of the {@link SrpBufferFormat} set that the initiator asks for. */
  public static final int BUFFER_FORMATS_OFFSET = 8;

  /** Offset of the flags, as {@link SrpLoginReq#flags}. */
  public static final int FLAGS_OFFSET = 10;

  /** Offset of the opcode, {@link SrpOpcode#LOGIN_REQ}. */
  public static final int OPCODE_OFFSET = 11;

  /** Offset of the longest IU in bytes that the initiator will send. */
  public static final int MAX_INITIATOR_TO_TARGET_OFFSET = 12;

  /** Offset of the initiator port id. */
  public static final int INITIATOR_PORT_ID_OFFSET = 16;

  /** Offset of the target port id. */
  public static final int TARGET_PORT_ID_OFFSET = 32;

  /** Offset of where in a command IU immediate data begins, in bytes. */
  public static final int IMMEDIATE_OFFSET_OFFSET = 48;

  private SrpLoginReqCm() {}

  /** The tag. */
  public static long tag(MemorySegment seg, long off) {
    return Be.tag(seg, off + TAG_OFFSET);
  }

  /** Stores the tag. */
  public static void tag(MemorySegment seg, long off, long value) {
    Be.tag(seg, off + TAG_OFFSET, value);
  }

  /** The {@link SrpBufferFormat} set that the initiator asks for. */
  public static int bufferFormats(MemorySegment seg, long off) {
    return Be.u16(seg, off + BUFFER_FORMATS_OFFSET);
  }

  /** Stores the {@link SrpBufferFormat} set that the initiator asks for. */
  public static void bufferFormats(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + BUFFER_FORMATS_OFFSET, value);
  }

  /** The flags, as {@link SrpLoginReq#flags}. */
  public static int flags(MemorySegment seg, long off) {
    return Be.u8(seg, off + FLAGS_OFFSET);
  }

  /** Stores the flags, as {@link SrpLoginReq#flags}. */
  public static void flags(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FLAGS_OFFSET, value);
  }

  /** The opcode, {@link SrpOpcode#LOGIN_REQ}. */
  public static int opcode(MemorySegment seg, long off) {
    return Be.u8(seg, off + OPCODE_OFFSET);
  }

  /** Stores the opcode, {@link SrpOpcode#LOGIN_REQ}. */
  public static void opcode(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + OPCODE_OFFSET, value);
  }

  /** The longest IU in bytes that the initiator will send. */
  public static long maxInitiatorToTarget(MemorySegment seg, long off) {
    return Be.u32L(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET);
  }

  /** Stores the longest IU in bytes that the initiator will send. */
  public static void maxInitiatorToTarget(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET, (int) value);
  }

  /** A copy of the initiator port id. */
  public static byte[] initiatorPortId(MemorySegment seg, long off) {
    return Be.bytes(seg, off + INITIATOR_PORT_ID_OFFSET, SrpIu.PORT_ID_BYTES);
  }

  /** Stores the initiator port id; exactly 16 bytes. */
  public static void initiatorPortId(MemorySegment seg, long off, byte[] value) {
    Be.portId(seg, off + INITIATOR_PORT_ID_OFFSET, value);
  }

  /** A copy of the target port id. */
  public static byte[] targetPortId(MemorySegment seg, long off) {
    return Be.bytes(seg, off + TARGET_PORT_ID_OFFSET, SrpIu.PORT_ID_BYTES);
  }

  /** Stores the target port id; exactly 16 bytes. */
  public static void targetPortId(MemorySegment seg, long off, byte[] value) {
    Be.portId(seg, off + TARGET_PORT_ID_OFFSET, value);
  }

  /** Where in a command IU immediate data begins, in bytes. */
  public static int immediateOffset(MemorySegment seg, long off) {
    return Be.u16(seg, off + IMMEDIATE_OFFSET_OFFSET);
  }

  /** Stores where in a command IU immediate data begins, in bytes. */
  public static void immediateOffset(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + IMMEDIATE_OFFSET_OFFSET, value);
  }

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    seg.asSlice(off, LENGTH).fill((byte) 0);
    opcode(seg, off, SrpOpcode.LOGIN_REQ);
    tag(seg, off, tag);
  }

  /**
   * Rewrites a request of this form as the 64-byte form, so that a target has one code for both.
   */
  public static void toLoginReq(MemorySegment from, long fromOff, MemorySegment to, long toOff) {
    SrpLoginReq.init(to, toOff, tag(from, fromOff));
    SrpLoginReq.maxInitiatorToTarget(to, toOff, maxInitiatorToTarget(from, fromOff));
    SrpLoginReq.bufferFormats(to, toOff, bufferFormats(from, fromOff));
    SrpLoginReq.flags(to, toOff, flags(from, fromOff));
    SrpLoginReq.immediateOffset(to, toOff, immediateOffset(from, fromOff));
    SrpLoginReq.initiatorPortId(to, toOff, initiatorPortId(from, fromOff));
    SrpLoginReq.targetPortId(to, toOff, targetPortId(from, fromOff));
  }
}
