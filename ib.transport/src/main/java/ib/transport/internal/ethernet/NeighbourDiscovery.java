// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/**
 * The two messages of neighbour discovery that resolve addresses (RFC 4861, 4.3 and 4.4), with
 * their IPv6 headers, each with one link-layer address option.
 */
final class NeighbourDiscovery {
  static final int SOLICITATION = 135;
  static final int ADVERTISEMENT = 136;

  /** Of the whole IPv6 packet. */
  static final int LENGTH = Ipv6.LENGTH + 32;

  /** Every message has it: it was not routed. */
  static final int HOP_LIMIT = 255;

  /** Of a message without options. */
  static final int LEAST = 24;

  /** The group of all hosts on a link: lower half of its address. */
  static final long ALL_NODES_LOW = 1;

  /** What {@link #option} says of options that are none; no hardware address of a host. */
  static final long NO_OPTIONS = -1;

  private static final int MESSAGE = 32;
  private static final int CODE = 1;
  private static final int CHECKSUM = 2;
  private static final int FLAGS = 4;
  private static final int TARGET = 8;
  private static final int OPTIONS = 24;
  private static final int OPTION_UNIT = 8;
  private static final int SOURCE_OPTION = 1;
  private static final int TARGET_OPTION = 2;
  private static final int SOLICITED = 0x4000_0000;
  private static final int OVERRIDE = 0x2000_0000;
  private static final long GROUP_HIGH = 0xFF02_0000_0000_0000L;
  private static final long GROUP_LOW = 0x1_FF00_0000L;
  private static final int GROUP_BITS = 0xFF_FFFF;

  private NeighbourDiscovery() {}

  static long targetHigh(MemorySegment seg, long icmp) {
    return Wire.u64(seg, icmp + TARGET);
  }

  static long targetLow(MemorySegment seg, long icmp) {
    return Wire.u64(seg, icmp + TARGET + Long.BYTES);
  }

  /**
   * Whether a message is whole, comes from this link, and is about one host (RFC 4861, 7.1.1 and
   * 7.1.2); its options are not looked at.
   *
   * @param length bytes behind the IPv6 header
   */
  static boolean isValid(MemorySegment seg, long ip, int length) {
    long icmp = ip + Ipv6.LENGTH;
    return length >= LEAST
        && Ipv6.hopLimit(seg, ip) == HOP_LIMIT
        && Wire.u8(seg, icmp + CODE) == 0
        && !Gids.isMulticast(targetHigh(seg, icmp), targetLow(seg, icmp))
        && Ipv6.sum(seg, ip, length, Ipv4.ICMPV6) == Ipv4.ONES;
  }

  /** Whether an advertisement is to take the place of another address. */
  static boolean overrides(MemorySegment seg, long icmp) {
    return (Wire.u32(seg, icmp + FLAGS) & OVERRIDE) != 0;
  }

  /**
   * The link-layer address in the options of a message of this type, 0 if there is none, or {@link
   * #NO_OPTIONS}.
   */
  static long option(MemorySegment seg, long icmp, int length, int type) {
    int wanted = type == SOLICITATION ? SOURCE_OPTION : TARGET_OPTION;
    int at = OPTIONS;
    while (at + OPTION_UNIT <= length) {
      int units = Wire.u8(seg, icmp + at + 1);
      if (units == 0) {
        return NO_OPTIONS;
      }
      if (Wire.u8(seg, icmp + at) == wanted) {
        return Frames.mac(seg, icmp + at + 2);
      }
      at += units * OPTION_UNIT;
    }
    return 0;
  }

  /** The group that the owner of an address listens to: lower half of its address. */
  static long groupLow(long low) {
    return GROUP_LOW | (low & GROUP_BITS);
  }

  static long groupHigh() {
    return GROUP_HIGH;
  }

  /**
   * Writes a whole packet whose addresses are in its header already. An advertisement to a group
   * answers nobody who could be told alone (RFC 4861, 7.2.4).
   */
  static void write(MemorySegment seg, long ip, int type, long high, long low, long mac) {
    Ipv6.write(seg, ip, 0, MESSAGE, Ipv4.ICMPV6, HOP_LIMIT);
    long icmp = ip + Ipv6.LENGTH;
    Wire.u16(seg, icmp, type << 8);
    Wire.u16(seg, icmp + CHECKSUM, 0);
    boolean toAll = Gids.isMulticast(Ipv6.destinationHigh(seg, ip), Ipv6.destinationLow(seg, ip));
    int answer = toAll ? OVERRIDE : SOLICITED | OVERRIDE;
    Wire.u32(seg, icmp + FLAGS, type == ADVERTISEMENT ? answer : 0);
    Wire.u64(seg, icmp + TARGET, high);
    Wire.u64(seg, icmp + TARGET + Long.BYTES, low);
    Wire.u8(seg, icmp + OPTIONS, type == ADVERTISEMENT ? TARGET_OPTION : SOURCE_OPTION);
    Wire.u8(seg, icmp + OPTIONS + 1, 1);
    Frames.mac(seg, icmp + OPTIONS + 2, mac);
    Wire.u16(seg, icmp + CHECKSUM, ~Ipv6.sum(seg, ip, MESSAGE, Ipv4.ICMPV6));
  }
}
