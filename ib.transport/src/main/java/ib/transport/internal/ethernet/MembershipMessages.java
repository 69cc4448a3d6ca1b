// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/**
 * The messages by which a host tells routers and switches which groups it belongs to: IGMP version
 * 2 (RFC 2236) and MLD version 1 (RFC 2710), which those of the next versions understand. Each has
 * hop limit 1 and the router alert option (RFC 2113, RFC 2711). MLD comes from the host's address
 * if that is a link-local one, which routers ask for, and else from the unspecified address, for
 * switches (RFC 3590).
 */
final class MembershipMessages {
  static final int IGMP = 2;
  static final int IGMP_QUERY = 0x11;
  static final int IGMP_REPORT_V1 = 0x12;
  static final int IGMP_REPORT = 0x16;
  static final int IGMP_BYTES = 8;
  static final int MLD_QUERY = 130;
  static final int MLD_REPORT = 131;
  static final int MLD_BYTES = 24;
  static final int HOP_BY_HOP = 0;

  /** Of IGMP version 3 and MLD version 2, whose times may be floating-point numbers. */
  static final int IGMP_V3_QUERY_BYTES = 12;

  static final int MLD_V2_QUERY_BYTES = 28;

  /** Longest of all. */
  static final int LONGEST = Frames.LENGTH + Ipv6.LENGTH + 8 + MLD_BYTES;

  private static final int IGMP_LEAVE = 0x17;
  private static final int MLD_DONE = 132;
  private static final int IPV4_BYTES = 24;
  private static final int IPV4_WITH_OPTION = 0x46;
  private static final int IPV4_ROUTER_ALERT = 0x9404_0000;
  private static final int INTERNETWORK_CONTROL = 0xC0;
  private static final int ALL_ROUTERS_V4 = 0xE000_0002;
  private static final long ALL_ROUTERS_HIGH = 0xFF02_0000_0000_0000L;
  private static final long ALL_ROUTERS_LOW = 2;
  private static final int LINK_LOCAL = 0xFE80 >>> 6;
  private static final int OPTIONS_BYTES = 8;
  private static final int CHECKSUM = 2;
  private static final int GROUP_V4 = 4;
  private static final int GROUP_V6 = 8;

  // Of the IPv4 header.
  private static final int TTL = 8;
  private static final int IP_CHECKSUM = 10;

  private MembershipMessages() {}

  /**
   * Writes a frame that reports a membership, or its end; gives its length.
   *
   * @param report {@link #IGMP_REPORT} or {@link #IGMP_REPORT_V1}; of no matter for IPv6
   */
  static int write(MemorySegment seg, long off, Station self, Membership group, int report) {
    return self.isV4() ? igmp(seg, off, self, group, report) : mld(seg, off, self, group);
  }

  private static int igmp(MemorySegment seg, long off, Station self, Membership group, int report) {
    int to = group.leaving ? ALL_ROUTERS_V4 : (int) group.low;
    Frames.write(seg, off, Frames.groupMac(0, Gids.v4Low(to)), self.mac(), Frames.IPV4);
    long ip = off + Frames.LENGTH;
    int total = IPV4_BYTES + IGMP_BYTES;
    Ipv4.write(seg, ip, INTERNETWORK_CONTROL, total, 0, IGMP, (int) self.low(), to);
    Wire.u8(seg, ip, IPV4_WITH_OPTION);
    Wire.u8(seg, ip + TTL, 1);
    Wire.u32(seg, ip + Ipv4.LENGTH, IPV4_ROUTER_ALERT);
    Wire.u16(seg, ip + IP_CHECKSUM, 0);
    Wire.u16(seg, ip + IP_CHECKSUM, ~Ipv4.sum(seg, ip, IPV4_BYTES, 0));
    long igmp = ip + IPV4_BYTES;
    Wire.u32(seg, igmp, (group.leaving ? IGMP_LEAVE : report) << 24);
    Wire.u32(seg, igmp + GROUP_V4, (int) group.low);
    Wire.u16(seg, igmp + CHECKSUM, ~Ipv4.sum(seg, igmp, IGMP_BYTES, 0));
    return Frames.LENGTH + total;
  }

  private static int mld(MemorySegment seg, long off, Station self, Membership group) {
    long toHigh = group.leaving ? ALL_ROUTERS_HIGH : group.high;
    long toLow = group.leaving ? ALL_ROUTERS_LOW : group.low;
    Frames.write(seg, off, Frames.groupMac(toHigh, toLow), self.mac(), Frames.IPV6);
    long ip = off + Frames.LENGTH;
    int payload = OPTIONS_BYTES + MLD_BYTES;
    Ipv6.write(seg, ip, 0, payload, HOP_BY_HOP, 1);
    boolean linkLocal = isLinkLocal(self.high());
    Ipv6.source(seg, ip, linkLocal ? self.high() : 0, linkLocal ? self.low() : 0);
    Ipv6.destination(seg, ip, toHigh, toLow);
    long options = ip + Ipv6.LENGTH;
    // ICMPv6 follows, 8 bytes; router alert (5) of 2 bytes: MLD (0); padding (1) of none.
    Wire.u64(seg, options, 0x3A00_0502_0000_0100L);
    long icmp = options + OPTIONS_BYTES;
    Wire.u64(seg, icmp, (long) (group.leaving ? MLD_DONE : MLD_REPORT) << 56);
    Wire.u64(seg, icmp + GROUP_V6, group.high);
    Wire.u64(seg, icmp + GROUP_V6 + Long.BYTES, group.low);
    Wire.u16(seg, icmp + CHECKSUM, ~Ipv6.sum(seg, ip, icmp, MLD_BYTES, Ipv4.ICMPV6));
    return Frames.LENGTH + Ipv6.LENGTH + payload;
  }

  /** Whether an IPv6 address, of which this is the upper half, is of one link only. */
  static boolean isLinkLocal(long high) {
    return high >>> 54 == LINK_LOCAL;
  }

  static int igmpGroup(MemorySegment seg, long igmp) {
    return Wire.u32(seg, igmp + GROUP_V4);
  }

  static long mldGroupHigh(MemorySegment seg, long icmp) {
    return Wire.u64(seg, icmp + GROUP_V6);
  }

  static long mldGroupLow(MemorySegment seg, long icmp) {
    return Wire.u64(seg, icmp + GROUP_V6 + Long.BYTES);
  }

  /** The longest time that a query leaves for an answer, in milliseconds. */
  static int igmpResponseMs(MemorySegment seg, long igmp, int length) {
    int code = Wire.u8(seg, igmp + 1);
    if (code == 0) {
      // Version 1 says nothing: 10 s.
      return 10_000;
    }
    boolean floating = length >= IGMP_V3_QUERY_BYTES && code >= 0x80;
    return 100 * (floating ? ((code & 0xF) | 0x10) << ((code >>> 4 & 7) + 3) : code);
  }

  /** The same of MLD. */
  static int mldResponseMs(MemorySegment seg, long icmp, int length) {
    int code = Wire.u16(seg, icmp + 4);
    boolean floating = length >= MLD_V2_QUERY_BYTES && code >= 0x8000;
    return floating ? ((code & 0xFFF) | 0x1000) << ((code >>> 12 & 7) + 3) : code;
  }
}
