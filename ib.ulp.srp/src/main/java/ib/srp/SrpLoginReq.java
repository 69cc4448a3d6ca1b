// SPDX-License-Identifier: Apache-2.0
package ib.srp;

import java.lang.foreign.MemorySegment;

/** Login request, 64 bytes, as the IB connection manager's private data carries it. */
public final class SrpLoginReq {
  /** Length in bytes. */
  public static final int LENGTH = 64;

  /** Offset of the longest IU in bytes that the initiator will send. */
  public static final int MAX_INITIATOR_TO_TARGET_OFFSET = 16;

  /** Offset of the {@link SrpBufferFormat} set that the initiator asks for. */
  public static final int BUFFER_FORMATS_OFFSET = 24;

  /** Offset of the multichannel action and whether immediate data is asked for. */
  public static final int FLAGS_OFFSET = 26;

  /** Offset of where in a command IU immediate data begins, in bytes. */
  public static final int IMMEDIATE_OFFSET_OFFSET = 28;

  /** Offset of the initiator port id. */
  public static final int INITIATOR_PORT_ID_OFFSET = 32;

  /** Offset of the target port id. */
  public static final int TARGET_PORT_ID_OFFSET = 48;

  /** Bits of {@link #flags}: the multichannel action. */
  public static final int ACTION_MASK = 0x03;

  /** Action: end all other channels of this I_T nexus first. */
  public static final int ACTION_SINGLE = 0;

  /** Action: add this channel to those of the I_T nexus. */
  public static final int ACTION_MULTI = 1;

  /** Bit of {@link #flags}: immediate data is asked for. */
  public static final int IMMEDIATE_DATA = 0x80;

  private SrpLoginReq() {}

  /** Clears {@link #LENGTH} bytes and writes opcode and tag. */
  public static void init(MemorySegment seg, long off, long tag) {
    SrpIu.init(seg, off, LENGTH, SrpOpcode.LOGIN_REQ, tag);
  }

  /** The longest IU in bytes that the initiator will send. */
  public static long maxInitiatorToTarget(MemorySegment seg, long off) {
    return Be.u32L(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET);
  }

  /** Stores the longest IU in bytes that the initiator will send. */
  public static void maxInitiatorToTarget(MemorySegment seg, long off, long value) {
    Be.u32(seg, off + MAX_INITIATOR_TO_TARGET_OFFSET, (int) value);
  }

  /** The {@link SrpBufferFormat} set that the initiator asks for. */
  public static int bufferFormats(MemorySegment seg, long off) {
    return Be.u16(seg, off + BUFFER_FORMATS_OFFSET);
  }

  /** Stores the {@link SrpBufferFormat} set that the initiator asks for. */
  public static void bufferFormats(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + BUFFER_FORMATS_OFFSET, value);
  }

  /** The multichannel action and whether immediate data is asked for. */
  public static int flags(MemorySegment seg, long off) {
    return Be.u8(seg, off + FLAGS_OFFSET);
  }

  /** Stores the multichannel action and whether immediate data is asked for. */
  public static void flags(MemorySegment seg, long off, int value) {
    Be.u8(seg, off + FLAGS_OFFSET, value);
  }

  /** Where in a command IU immediate data begins, in bytes. */
  public static int immediateOffset(MemorySegment seg, long off) {
    return Be.u16(seg, off + IMMEDIATE_OFFSET_OFFSET);
  }

  /** Stores where in a command IU immediate data begins, in bytes. */
  public static void immediateOffset(MemorySegment seg, long off, int value) {
    Be.u16(seg, off + IMMEDIATE_OFFSET_OFFSET, value);
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
}
