// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** IPv4 header without options (RFC 791), and the checksum of the Internet (RFC 1071). */
final class Ipv4 {
  static final int LENGTH = 20;
  static final int ICMP = 1;
  static final int UDP = 17;
  static final int ICMPV6 = 58;

  private static final int VERSION_AND_LENGTH = 0x45;
  private static final int TOTAL_LENGTH = 2;
  private static final int IDENTIFICATION = 4;
  private static final int FRAGMENT = 6;
  private static final int TTL = 8;
  private static final int PROTOCOL = 9;
  private static final int CHECKSUM = 10;
  private static final int SOURCE = 12;
  private static final int DESTINATION = 16;
  private static final int DONT_FRAGMENT = 0x4000;
  private static final int MORE_OR_OFFSET = 0x3FFF;
  private static final int HOPS = 64;

  /** What the sum over a header with a right checksum is. */
  static final int ONES = 0xFFFF;

  private Ipv4() {}

  /** Whether the header is one without options, and whole: its checksum is right. */
  static boolean isValid(MemorySegment seg, long off) {
    return Wire.u8(seg, off) == VERSION_AND_LENGTH && sum(seg, off, LENGTH, 0) == ONES;
  }

  /** Bytes of a header with options, if it is one of version 4; else 0. */
  static int headerLength(MemorySegment seg, long off) {
    int first = Wire.u8(seg, off);
    return first >>> 4 == 4 ? (first & 0xF) * 4 : 0;
  }

  /** Whether an address can be a sender's: no group, not everybody, not nobody (RFC 1122). */
  static boolean isSender(int address) {
    return address != 0 && address != -1 && address >>> 28 != 0xE;
  }

  static boolean isFragment(MemorySegment seg, long off) {
    return (Wire.u16(seg, off + FRAGMENT) & MORE_OR_OFFSET) != 0;
  }

  static int trafficClass(MemorySegment seg, long off) {
    return Wire.u8(seg, off + 1);
  }

  static int totalLength(MemorySegment seg, long off) {
    return Wire.u16(seg, off + TOTAL_LENGTH);
  }

  static int identification(MemorySegment seg, long off) {
    return Wire.u16(seg, off + IDENTIFICATION);
  }

  static int protocol(MemorySegment seg, long off) {
    return Wire.u8(seg, off + PROTOCOL);
  }

  static int source(MemorySegment seg, long off) {
    return Wire.u32(seg, off + SOURCE);
  }

  static int destination(MemorySegment seg, long off) {
    return Wire.u32(seg, off + DESTINATION);
  }

  /** Writes a header with Don't-Fragment and TTL 64. */
  static void write(
      MemorySegment seg,
      long off,
      int trafficClass,
      int totalLength,
      int identification,
      int protocol,
      int source,
      int destination) {
    Wire.u8(seg, off, VERSION_AND_LENGTH);
    Wire.u8(seg, off + 1, trafficClass);
    Wire.u16(seg, off + TOTAL_LENGTH, totalLength);
    Wire.u16(seg, off + IDENTIFICATION, identification);
    Wire.u16(seg, off + FRAGMENT, DONT_FRAGMENT);
    Wire.u8(seg, off + TTL, HOPS);
    Wire.u8(seg, off + PROTOCOL, protocol);
    Wire.u16(seg, off + CHECKSUM, 0);
    Wire.u32(seg, off + SOURCE, source);
    Wire.u32(seg, off + DESTINATION, destination);
    Wire.u16(seg, off + CHECKSUM, ~sum(seg, off, LENGTH, 0));
  }

  /** The one's complement sum of 16-bit words, on top of another; an odd byte counts as upper. */
  static int sum(MemorySegment seg, long off, int length, int begin) {
    long sum = begin;
    int even = length & ~1;
    for (int i = 0; i < even; i += 2) {
      sum += Wire.u16(seg, off + i);
    }
    if (even != length) {
      sum += (long) Wire.u8(seg, off + even) << 8;
    }
    while (sum >>> 16 != 0) {
      sum = (sum & ONES) + (sum >>> 16);
    }
    return (int) sum;
  }
}
