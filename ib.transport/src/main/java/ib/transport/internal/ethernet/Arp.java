// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/** The packets of address resolution for IPv4 over Ethernet (RFC 826). */
final class Arp {
  static final int LENGTH = 28;
  static final int REQUEST = 1;
  static final int REPLY = 2;

  private static final int ETHERNET = 1;
  private static final int LENGTHS = 0x0604;
  private static final int PROTOCOL = 2;
  private static final int ADDRESS_LENGTHS = 4;
  private static final int OPERATION = 6;
  private static final int SENDER_MAC = 8;
  private static final int SENDER = 14;
  private static final int TARGET_MAC = 18;
  private static final int TARGET = 24;

  private Arp() {}

  static boolean isValid(MemorySegment seg, long off) {
    return Wire.u16(seg, off) == ETHERNET
        && Wire.u16(seg, off + PROTOCOL) == Frames.IPV4
        && Wire.u16(seg, off + ADDRESS_LENGTHS) == LENGTHS;
  }

  static int operation(MemorySegment seg, long off) {
    return Wire.u16(seg, off + OPERATION);
  }

  static long senderMac(MemorySegment seg, long off) {
    return Frames.mac(seg, off + SENDER_MAC);
  }

  static int sender(MemorySegment seg, long off) {
    return Wire.u32(seg, off + SENDER);
  }

  static int target(MemorySegment seg, long off) {
    return Wire.u32(seg, off + TARGET);
  }

  static void write(
      MemorySegment seg,
      long off,
      int operation,
      long senderMac,
      int sender,
      long targetMac,
      int target) {
    Wire.u16(seg, off, ETHERNET);
    Wire.u16(seg, off + PROTOCOL, Frames.IPV4);
    Wire.u16(seg, off + ADDRESS_LENGTHS, LENGTHS);
    Wire.u16(seg, off + OPERATION, operation);
    Frames.mac(seg, off + SENDER_MAC, senderMac);
    Wire.u32(seg, off + SENDER, sender);
    Frames.mac(seg, off + TARGET_MAC, targetMac);
    Wire.u32(seg, off + TARGET, target);
  }
}
