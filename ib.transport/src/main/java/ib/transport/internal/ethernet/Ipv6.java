// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** IPv6 header without extensions (RFC 8200). */
final class Ipv6 {
  static final int LENGTH = 40;

  /** Hop limit of what is sent. */
  static final int HOPS = 64;

  private static final int VERSION = 6;
  private static final int PAYLOAD_LENGTH = 4;
  private static final int NEXT_HEADER = 6;
  private static final int HOP_LIMIT = 7;
  private static final int SOURCE = 8;
  private static final int DESTINATION = 24;
  private static final int ADDRESSES_BYTES = 32;
  private static final int HALF = 8;

  private Ipv6() {}

  static boolean isValid(MemorySegment seg, long off) {
    return Wire.u8(seg, off) >>> 4 == VERSION;
  }

  static int trafficClass(MemorySegment seg, long off) {
    return (Wire.u16(seg, off) >>> 4) & 0xFF;
  }

  static int payloadLength(MemorySegment seg, long off) {
    return Wire.u16(seg, off + PAYLOAD_LENGTH);
  }

  static int nextHeader(MemorySegment seg, long off) {
    return Wire.u8(seg, off + NEXT_HEADER);
  }

  static int hopLimit(MemorySegment seg, long off) {
    return Wire.u8(seg, off + HOP_LIMIT);
  }

  static long sourceHigh(MemorySegment seg, long off) {
    return Wire.u64(seg, off + SOURCE);
  }

  static long sourceLow(MemorySegment seg, long off) {
    return Wire.u64(seg, off + SOURCE + HALF);
  }

  static long destinationHigh(MemorySegment seg, long off) {
    return Wire.u64(seg, off + DESTINATION);
  }

  static long destinationLow(MemorySegment seg, long off) {
    return Wire.u64(seg, off + DESTINATION + HALF);
  }

  /** Writes all but the addresses. */
  static void write(
      MemorySegment seg,
      long off,
      int trafficClass,
      int payloadLength,
      int nextHeader,
      int hopLimit) {
    Wire.u32(seg, off, (VERSION << 28) | (trafficClass << 20));
    Wire.u16(seg, off + PAYLOAD_LENGTH, payloadLength);
    Wire.u8(seg, off + NEXT_HEADER, nextHeader);
    Wire.u8(seg, off + HOP_LIMIT, hopLimit);
  }

  static void source(MemorySegment seg, long off, long high, long low) {
    Wire.u64(seg, off + SOURCE, high);
    Wire.u64(seg, off + SOURCE + HALF, low);
  }

  static void destination(MemorySegment seg, long off, long high, long low) {
    Wire.u64(seg, off + DESTINATION, high);
    Wire.u64(seg, off + DESTINATION + HALF, low);
  }

  /** Whether an address can be a sender's of UDP: no group and not nobody (RFC 4291). */
  static boolean isSender(long high, long low) {
    return high >>> 56 != 0xFF && (high | low) != 0;
  }

  /** The sum over the pseudo header and what follows the header. */
  static int sum(MemorySegment seg, long off, int length, int protocol) {
    return sum(seg, off, off + LENGTH, length, protocol);
  }

  /** The same of a message that does not follow at once. */
  static int sum(MemorySegment seg, long off, long message, int length, int protocol) {
    int pseudo = Ipv4.sum(seg, off + SOURCE, ADDRESSES_BYTES, length + protocol);
    return Ipv4.sum(seg, message, length, pseudo);
  }
}
