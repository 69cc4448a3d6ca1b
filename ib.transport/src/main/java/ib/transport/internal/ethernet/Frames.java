// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/** Ethernet II header (IEEE 802.3, without the frame check sequence) and hardware addresses. */
final class Frames {
  static final int LENGTH = 14;
  static final int ARP = 0x0806;
  static final int IPV4 = 0x0800;
  static final int IPV6 = 0x86DD;
  static final int UDP_BYTES = 8;
  static final long BROADCAST = 0xFFFF_FFFF_FFFFL;

  private static final int SOURCE = 6;
  private static final int TYPE = 12;
  private static final long GROUP_BIT = 0x0100_0000_0000L;
  private static final long IPV4_GROUP = 0x0100_5E00_0000L;
  private static final long IPV6_GROUP = 0x3333_0000_0000L;

  private Frames() {}

  static long destination(MemorySegment seg, long off) {
    return mac(seg, off);
  }

  static long source(MemorySegment seg, long off) {
    return mac(seg, off + SOURCE);
  }

  static int type(MemorySegment seg, long off) {
    return Wire.u16(seg, off + TYPE);
  }

  static void write(MemorySegment seg, long off, long destination, long source, int type) {
    mac(seg, off, destination);
    mac(seg, off + SOURCE, source);
    Wire.u16(seg, off + TYPE, type);
  }

  /** The hardware address at a place, in the low 48 bits. */
  static long mac(MemorySegment seg, long off) {
    return ((long) Wire.u16(seg, off) << 32) | Wire.u32AsLong(seg, off + 2);
  }

  static void mac(MemorySegment seg, long off, long mac) {
    Wire.u16(seg, off, (int) (mac >>> 32));
    Wire.u32(seg, off + 2, (int) mac);
  }

  static boolean isGroup(long mac) {
    return (mac & GROUP_BIT) != 0;
  }

  /** The hardware address of a multicast or broadcast GID (RFC 1112, RFC 2464), or 0. */
  static long groupMac(long high, long low) {
    if (Gids.isV4(high, low)) {
      int ip = (int) low;
      if (ip == -1) {
        return BROADCAST;
      }
      return ip >>> 28 == 0xE ? IPV4_GROUP | (ip & 0x7F_FFFF) : 0;
    }
    return high >>> 56 == 0xFF ? IPV6_GROUP | (low & 0xFFFF_FFFFL) : 0;
  }

  /** The hardware address that an EUI-64 was made of. */
  static long ofGuid(long guid) {
    return (((guid >>> 40) << 24) & ~GROUP_BIT) | (guid & 0xFF_FFFF);
  }

  static String text(long mac) {
    StringBuilder text = new StringBuilder();
    for (int shift = 40; shift >= 0; shift -= 8) {
      text.append(
          String.format(Locale.ROOT, shift == 40 ? "%02x" : ":%02x", (mac >>> shift) & 0xFF));
    }
    return text.toString();
  }
}
