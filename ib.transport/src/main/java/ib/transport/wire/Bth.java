// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import static ib.transport.wire.Wire.u16;
import static ib.transport.wire.Wire.u24;
import static ib.transport.wire.Wire.u8;

import java.lang.foreign.MemorySegment;

/** Base transport header, 12 bytes, the first of every packet (specification 9.2). */
public final class Bth {
  /** Length in bytes. */
  public static final int LENGTH = 12;

  /** Offset of the opcode, see {@link Opcode}. */
  public static final int OPCODE_OFFSET = 0;

  /** Offset of solicited event:1, migration request:1, pad count:2, transport version:4. */
  public static final int FLAGS_OFFSET = 1;

  /** Offset of the partition key. */
  public static final int PKEY_OFFSET = 2;

  /** Offset of FECN:1, BECN:1, reserved:6: the byte which the ICRC does not cover. */
  public static final int ECN_OFFSET = 4;

  /** Offset of the 24-bit destination queue pair number. */
  public static final int DEST_QP_OFFSET = 5;

  /** Offset of acknowledge request:1, reserved:7. */
  public static final int ACK_REQ_OFFSET = 8;

  /** Offset of the 24-bit packet sequence number. */
  public static final int PSN_OFFSET = 9;

  /** The default partition with full membership. */
  public static final int DEFAULT_PKEY = 0xFFFF;

  /** Backward congestion notification, in the byte of {@link #ecnByte}. */
  public static final int BECN = 0x40;

  private static final int SOLICITED = 0x80;
  private static final int MIG_REQ = 0x40;
  private static final int FECN = 0x80;
  private static final int ACK_REQ = 0x80;

  private Bth() {}

  /** The opcode, 0..255. */
  public static int opcode(MemorySegment seg, long off) {
    return u8(seg, off + OPCODE_OFFSET);
  }

  /** Solicited event. */
  public static boolean solicited(MemorySegment seg, long off) {
    return (u8(seg, off + FLAGS_OFFSET) & SOLICITED) != 0;
  }

  /** Migration request; set in the usual state MIGRATED. */
  public static boolean migReq(MemorySegment seg, long off) {
    return (u8(seg, off + FLAGS_OFFSET) & MIG_REQ) != 0;
  }

  /** Bytes of padding between payload and ICRC, 0..3. */
  public static int padCount(MemorySegment seg, long off) {
    return (u8(seg, off + FLAGS_OFFSET) >>> 4) & 3;
  }

  /** Transport header version, 0 in all that exists. */
  public static int version(MemorySegment seg, long off) {
    return u8(seg, off + FLAGS_OFFSET) & 0xF;
  }

  /** Partition key. */
  public static int pkey(MemorySegment seg, long off) {
    return u16(seg, off + PKEY_OFFSET);
  }

  /** Forward congestion notification. */
  public static boolean fecn(MemorySegment seg, long off) {
    return (u8(seg, off + ECN_OFFSET) & FECN) != 0;
  }

  /** Backward congestion notification. */
  public static boolean becn(MemorySegment seg, long off) {
    return (u8(seg, off + ECN_OFFSET) & BECN) != 0;
  }

  /** The whole byte of FECN, BECN and six reserved bits. */
  public static int ecnByte(MemorySegment seg, long off) {
    return u8(seg, off + ECN_OFFSET);
  }

  /** Sets the whole byte of FECN, BECN and six reserved bits. */
  public static void ecnByte(MemorySegment seg, long off, int value) {
    u8(seg, off + ECN_OFFSET, value);
  }

  /** Destination queue pair number, 24 bits. */
  public static int destQp(MemorySegment seg, long off) {
    return u24(seg, off + DEST_QP_OFFSET);
  }

  /** Whether the receiver is asked to acknowledge. */
  public static boolean ackReq(MemorySegment seg, long off) {
    return (u8(seg, off + ACK_REQ_OFFSET) & ACK_REQ) != 0;
  }

  /** The seven reserved bits beside the acknowledge request. */
  public static int ackReserved(MemorySegment seg, long off) {
    return u8(seg, off + ACK_REQ_OFFSET) & 0x7F;
  }

  /** Packet sequence number, 24 bits. */
  public static int psn(MemorySegment seg, long off) {
    return u24(seg, off + PSN_OFFSET);
  }

  /**
   * Writes all twelve bytes, with migration request set and version, FECN, BECN and reserved bits
   * zero.
   *
   * @param padCount bytes of padding, 0..3
   */
  public static void write(
      MemorySegment seg,
      long off,
      int opcode,
      boolean solicited,
      int padCount,
      int pkey,
      int destQp,
      boolean ackReq,
      int psn) {
    u8(seg, off + OPCODE_OFFSET, opcode);
    u8(seg, off + FLAGS_OFFSET, (solicited ? SOLICITED : 0) | MIG_REQ | ((padCount & 3) << 4));
    u16(seg, off + PKEY_OFFSET, pkey);
    u8(seg, off + ECN_OFFSET, 0);
    u24(seg, off + DEST_QP_OFFSET, destQp);
    u8(seg, off + ACK_REQ_OFFSET, ackReq ? ACK_REQ : 0);
    u24(seg, off + PSN_OFFSET, psn);
  }

  /** Sets or clears the migration request bit. */
  public static void migReq(MemorySegment seg, long off, boolean value) {
    Wire.bits(seg, off + FLAGS_OFFSET, 6, 1, value ? 1 : 0);
  }

  /** Sets the pad count, 0..3. */
  public static void padCount(MemorySegment seg, long off, int value) {
    Wire.bits(seg, off + FLAGS_OFFSET, 4, 2, value);
  }

  /** Sets the transport header version. */
  public static void version(MemorySegment seg, long off, int value) {
    Wire.bits(seg, off + FLAGS_OFFSET, 0, 4, value);
  }

  /** Sets or clears the acknowledge request bit. */
  public static void ackReq(MemorySegment seg, long off, boolean value) {
    Wire.bits(seg, off + ACK_REQ_OFFSET, 7, 1, value ? 1 : 0);
  }

  /** Sets the seven reserved bits beside the acknowledge request (senders leave them zero). */
  public static void ackReserved(MemorySegment seg, long off, int value) {
    Wire.bits(seg, off + ACK_REQ_OFFSET, 0, 7, value);
  }

  /** Sets the packet sequence number. */
  public static void psn(MemorySegment seg, long off, int value) {
    u24(seg, off + PSN_OFFSET, value);
  }
}
