// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.SendBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The multicast groups of a host: which hardware and IP addresses it takes beside its own, and what
 * it tells routers and switches about them, as a host of IGMP version 2 or MLD version 1 does: a
 * report when a group is joined, repeated once; one for each query, after a random time, unless
 * another host is faster; and the end, if the last report was ours. While there is a router of IGMP
 * version 1, reports are of that version, which knows no end (RFC 2236, section 4). Agent thread
 * only.
 */
final class Memberships {
  /** Of an unsolicited report, until it is repeated, at most (RFC 2236 and RFC 2710). */
  static final long REPEAT_NS = 10_000_000_000L;

  /** When it is tried again to report on a link that takes no more frames. */
  private static final long NO_ROOM_NS = 10_000_000;

  private static final int UNSOLICITED = 2;
  private static final long NS_PER_MS = 1_000_000;
  private static final long ALL_HOSTS_MAC = 0x0100_5E00_0001L;
  private static final long ALL_NODES_MAC = 0x3333_0000_0001L;

  /** How long after its last query a router of IGMP version 1 is there (RFC 2236, 8.11). */
  private static final long VERSION_1_NS = 400_000_000_000L;

  private final Station self;
  private final FrameLink link;
  private final EnumCounters<IoCounter> counters;
  private final Random random;
  private final List<Membership> groups = new ArrayList<>();
  private boolean versionOne;
  private long versionOneUntilNs;
  private long dueNs = Membership.NEVER;
  private long nowNs;

  Memberships(Station self, FrameLink link, EnumCounters<IoCounter> counters) {
    this.self = self;
    this.link = link;
    this.counters = counters;
    this.random = new Random(self.mac());
    if (!self.isV4()) {
      // Who resolves our address asks this group.
      join(NeighbourDiscovery.groupHigh(), NeighbourDiscovery.groupLow(self.low()));
    }
  }

  /** Belongs to a group from now on. Nothing happens if it does already. */
  void join(long high, long low) {
    Membership known = find(high, low);
    if (known != null && !known.leaving) {
      return;
    }
    groups.remove(known);
    Membership group = new Membership(high, low);
    group.unsolicited = UNSOLICITED;
    group.dueNs = nowNs;
    groups.add(group);
    dueNs = Math.min(dueNs, group.dueNs);
  }

  /** Belongs to a group no longer. */
  void leave(long high, long low) {
    Membership group = find(high, low);
    if (group == null) {
      return;
    }
    if (!group.reportedLast) {
      groups.remove(group);
      return;
    }
    group.leaving = true;
    group.dueNs = nowNs;
    dueNs = Math.min(dueNs, group.dueNs);
  }

  private @Nullable Membership find(long high, long low) {
    for (int i = 0; i < groups.size(); i++) {
      if (groups.get(i).is(high, low)) {
        return groups.get(i);
      }
    }
    return null;
  }

  /** Whether the host belongs to a group. */
  boolean has(long high, long low) {
    Membership group = find(high, low);
    return group != null && !group.leaving;
  }

  /** Whether frames to a group of hardware addresses are for the host. */
  boolean takes(long mac) {
    if (mac == Frames.BROADCAST || mac == (self.isV4() ? ALL_HOSTS_MAC : ALL_NODES_MAC)) {
      return true;
    }
    for (int i = 0; i < groups.size(); i++) {
      if (groups.get(i).mac == mac && !groups.get(i).leaving) {
        return true;
      }
    }
    return false;
  }

  // Time.

  void onTurn(long now) {
    nowNs = now;
    if (now < dueNs) {
      return;
    }
    dueNs = Membership.NEVER;
    for (int i = groups.size() - 1; i >= 0; i--) {
      Membership group = groups.get(i);
      if (group.dueNs <= now && send(group) && group.leaving) {
        groups.remove(i);
      } else {
        dueNs = Math.min(dueNs, group.dueNs);
      }
    }
  }

  /** When {@link #onTurn} has something to say. */
  long nextDeadlineNs() {
    return dueNs;
  }

  private boolean send(Membership group) {
    versionOne = versionOne && nowNs < versionOneUntilNs;
    if (versionOne && group.leaving) {
      return true;
    }
    SendBatch frames = link.sendBatch();
    if (!frames.hasRoom()) {
      group.dueNs = nowNs + NO_ROOM_NS;
      return false;
    }
    int report = versionOne ? MembershipMessages.IGMP_REPORT_V1 : MembershipMessages.IGMP_REPORT;
    int length = MembershipMessages.write(frames.memory(), frames.position(), self, group, report);
    frames.add(link.peer(), length);
    group.reportedLast = true;
    group.unsolicited--;
    group.dueNs =
        group.unsolicited > 0 && !group.leaving ? nowNs + delay(REPEAT_NS) : Membership.NEVER;
    return true;
  }

  private long delay(long mostNs) {
    return mostNs <= 0 ? 0 : random.nextLong(mostNs);
  }

  // What arrives.

  /**
   * Takes an IPv4 packet if it is one of IGMP.
   *
   * @param length bytes behind the Ethernet header
   * @return false if it is another
   */
  boolean onIpv4(MemorySegment seg, long ip, int length) {
    if (length < Ipv4.LENGTH || Ipv4.protocol(seg, ip) != MembershipMessages.IGMP) {
      return false;
    }
    int header = Ipv4.headerLength(seg, ip);
    int total = Ipv4.totalLength(seg, ip);
    int bytes = total - header;
    if (header < Ipv4.LENGTH
        || total > length
        || bytes < MembershipMessages.IGMP_BYTES
        || Ipv4.sum(seg, ip, header, 0) != Ipv4.ONES
        || Ipv4.sum(seg, ip + header, bytes, 0) != Ipv4.ONES) {
      counters.add(IoCounter.RX_MALFORMED, 1);
    } else if (self.isV4()) {
      onIgmp(seg, ip + header, bytes);
    }
    return true;
  }

  private void onIgmp(MemorySegment seg, long igmp, int bytes) {
    long group = Gids.v4Low(MembershipMessages.igmpGroup(seg, igmp));
    switch (Wire.u8(seg, igmp)) {
      case MembershipMessages.IGMP_QUERY -> {
        if (bytes == MembershipMessages.IGMP_BYTES && Wire.u8(seg, igmp + 1) == 0) {
          versionOne = true;
          versionOneUntilNs = nowNs + VERSION_1_NS;
        }
        int ms = MembershipMessages.igmpResponseMs(seg, igmp, bytes);
        queried((int) group == 0, 0, group, ms * NS_PER_MS);
      }
      case MembershipMessages.IGMP_REPORT, MembershipMessages.IGMP_REPORT_V1 -> reported(0, group);
      default -> {}
    }
  }

  /**
   * Takes an IPv6 packet with hop-by-hop options, which only those of MLD have here.
   *
   * @param payload bytes behind the IPv6 header
   */
  void onHopByHop(MemorySegment seg, long ip, int payload) {
    long options = ip + Ipv6.LENGTH;
    int optionBytes = payload < 8 ? 0 : (Wire.u8(seg, options + 1) + 1) * 8;
    int bytes = payload - optionBytes;
    long icmp = options + optionBytes;
    if (optionBytes == 0 || bytes < 0) {
      counters.add(IoCounter.RX_MALFORMED, 1);
    } else if (Wire.u8(seg, options) != Ipv4.ICMPV6) {
      counters.add(IoCounter.RX_IGNORED, 1);
    } else if (bytes < MembershipMessages.MLD_BYTES
        || Ipv6.hopLimit(seg, ip) != 1
        || Ipv6.sum(seg, ip, icmp, bytes, Ipv4.ICMPV6) != Ipv4.ONES) {
      counters.add(IoCounter.RX_MALFORMED, 1);
    } else {
      onMld(seg, ip, icmp, bytes);
    }
  }

  private void onMld(MemorySegment seg, long ip, long icmp, int bytes) {
    long high = MembershipMessages.mldGroupHigh(seg, icmp);
    long low = MembershipMessages.mldGroupLow(seg, icmp);
    int type = Wire.u8(seg, icmp);
    if (type == MembershipMessages.MLD_REPORT) {
      reported(high, low);
    } else if (type == MembershipMessages.MLD_QUERY
        && MembershipMessages.isLinkLocal(Ipv6.sourceHigh(seg, ip))) {
      long ns = MembershipMessages.mldResponseMs(seg, icmp, bytes) * NS_PER_MS;
      queried(high == 0 && low == 0, high, low, ns);
    }
  }

  private void queried(boolean all, long high, long low, long mostNs) {
    for (int i = 0; i < groups.size(); i++) {
      Membership group = groups.get(i);
      if (!group.leaving && (all || group.is(high, low))) {
        // What is due sooner stays so.
        group.dueNs = Math.min(group.dueNs, nowNs + delay(mostNs));
        dueNs = Math.min(dueNs, group.dueNs);
      }
    }
  }

  /** Another host said that somebody belongs to a group: that is enough for all. */
  private void reported(long high, long low) {
    Membership group = find(high, low);
    if (group != null && !group.leaving) {
      group.dueNs = Membership.NEVER;
      group.reportedLast = false;
      dueNs = Membership.NEVER;
      for (int i = 0; i < groups.size(); i++) {
        dueNs = Math.min(dueNs, groups.get(i).dueNs);
      }
    }
  }
}
