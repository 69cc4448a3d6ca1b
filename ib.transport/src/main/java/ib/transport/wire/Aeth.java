// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;

/**
 * ACK extended transport header, 4 bytes: syndrome 8, message sequence number 24 (specification
 * 9.3.5.1).
 */
public final class Aeth {
  /** Length in bytes. */
  public static final int LENGTH = 4;

  /** Offset of the syndrome. */
  public static final int SYNDROME_OFFSET = 0;

  /** Offset of the 24-bit message sequence number. */
  public static final int MSN_OFFSET = 1;

  /** Syndrome of a positive acknowledgement without end-to-end credits. */
  public static final int ACK_NO_CREDITS = 0x1F;

  /** Syndrome bits of a receiver-not-ready NAK; the low five bits are an {@link RnrTimer} code. */
  public static final int RNR_NAK = 0x20;

  /** NAK: a PSN ahead of the expected one came. */
  public static final int NAK_PSN_SEQUENCE_ERROR = 0x60;

  /** NAK: the request can't be understood or is not supported. */
  public static final int NAK_INVALID_REQUEST = 0x61;

  /** NAK: key, bounds or rights do not allow the access. */
  public static final int NAK_REMOTE_ACCESS_ERROR = 0x62;

  /** NAK: the responder failed for a reason of its own. */
  public static final int NAK_REMOTE_OPERATIONAL_ERROR = 0x63;

  private static final int KIND_MASK = 0xE0;
  private static final int KIND_ACK = 0x00;
  private static final int KIND_NAK = 0x60;
  private static final int VALUE_MASK = 0x1F;

  private Aeth() {}

  /** The syndrome, 0..255. */
  public static int syndrome(MemorySegment seg, long off) {
    return Wire.u8(seg, off + SYNDROME_OFFSET);
  }

  /** The message sequence number, 24 bits. */
  public static int msn(MemorySegment seg, long off) {
    return Wire.u24(seg, off + MSN_OFFSET);
  }

  /** Writes the whole header. */
  public static void write(MemorySegment seg, long off, int syndrome, int msn) {
    Wire.u8(seg, off + SYNDROME_OFFSET, syndrome);
    Wire.u24(seg, off + MSN_OFFSET, msn);
  }

  /** Whether a syndrome is a positive acknowledgement. */
  public static boolean isAck(int syndrome) {
    return (syndrome & KIND_MASK) == KIND_ACK;
  }

  /** Whether a syndrome says receiver not ready. */
  public static boolean isRnrNak(int syndrome) {
    return (syndrome & KIND_MASK) == RNR_NAK;
  }

  /** Whether a syndrome is one of the NAKs 0x60..0x7F. */
  public static boolean isNak(int syndrome) {
    return (syndrome & KIND_MASK) == KIND_NAK;
  }

  /** The {@link RnrTimer} code in a receiver-not-ready syndrome, 0..31. */
  public static int rnrTimerCode(int syndrome) {
    return syndrome & VALUE_MASK;
  }

  /** The syndrome of a receiver-not-ready NAK with an {@link RnrTimer} code 0..31. */
  public static int rnrNak(int timerCode) {
    return RNR_NAK | (timerCode & VALUE_MASK);
  }

  /** The syndrome in words. */
  public static String describe(int syndrome) {
    if (isAck(syndrome)) {
      return "ACK";
    }
    if (isRnrNak(syndrome)) {
      return "RNR NAK timer " + rnrTimerCode(syndrome);
    }
    return switch (syndrome) {
      case NAK_PSN_SEQUENCE_ERROR -> "NAK PSN sequence error";
      case NAK_INVALID_REQUEST -> "NAK invalid request";
      case NAK_REMOTE_ACCESS_ERROR -> "NAK remote access error";
      case NAK_REMOTE_OPERATIONAL_ERROR -> "NAK remote operational error";
      default -> "reserved syndrome 0x" + Integer.toHexString(syndrome);
    };
  }
}
