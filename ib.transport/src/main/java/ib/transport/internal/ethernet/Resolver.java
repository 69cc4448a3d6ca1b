// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.counters.EnumCounters;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.SendBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/**
 * Finds hardware addresses and tells ours, by ARP or neighbour discovery, and keeps what waits for
 * them. Agent thread only.
 */
final class Resolver implements Neighbours.Actions {
  private final Station self;
  private final FrameLink link;
  private final EnumCounters<IoCounter> counters;
  private final Neighbours neighbours = new Neighbours(this);
  private final WaitingFrames waiting;
  private long nowNs;

  Resolver(Station self, FrameLink link, EnumCounters<IoCounter> counters, int longestFrameBytes) {
    this.self = self;
    this.link = link;
    this.counters = counters;
    this.waiting = new WaitingFrames(longestFrameBytes);
  }

  void onTurn(long now) {
    nowNs = now;
    neighbours.onTurn(now);
  }

  long nextDeadlineNs() {
    return neighbours.nextDeadlineNs();
  }

  long nowNs() {
    return nowNs;
  }

  Neighbour use(long high, long low) {
    return neighbours.use(high, low, nowNs);
  }

  WaitingFrames waiting() {
    return waiting;
  }

  // What arrives.

  /**
   * Takes an ARP packet.
   *
   * @param length bytes behind the Ethernet header
   */
  void onArp(MemorySegment seg, long off, int length) {
    long arp = off + Frames.LENGTH;
    if (length < Arp.LENGTH || !Arp.isValid(seg, arp)) {
      counters.add(IoCounter.RX_MALFORMED, 1);
      return;
    }
    long sender = Gids.v4Low(Arp.sender(seg, arp));
    long senderMac = Arp.senderMac(seg, arp);
    boolean toUs = self.isV4() && Arp.target(seg, arp) == (int) self.low();
    if (!self.isV4() || sender == self.low() || Frames.isGroup(senderMac) || senderMac == 0) {
      return;
    }
    if (Ipv4.isSender((int) sender)) {
      neighbours.heard(0, sender, senderMac, toUs, true, nowNs);
    } else if ((int) sender != 0) {
      counters.add(IoCounter.RX_MALFORMED, 1);
      return;
    }
    if (toUs && Arp.operation(seg, arp) == Arp.REQUEST) {
      arp(Arp.REPLY, senderMac, senderMac, (int) sender);
    }
  }

  /**
   * Takes an ICMPv6 message if it is one of neighbour discovery.
   *
   * @param length bytes behind the IPv6 header
   * @return false if it is another
   */
  boolean onIcmp(MemorySegment seg, long off, int length) {
    long ip = off + Frames.LENGTH;
    long icmp = ip + Ipv6.LENGTH;
    int type = length < 1 ? 0 : Wire.u8(seg, icmp);
    if (type != NeighbourDiscovery.SOLICITATION && type != NeighbourDiscovery.ADVERTISEMENT) {
      return false;
    }
    long mac =
        NeighbourDiscovery.isValid(seg, ip, length)
            ? NeighbourDiscovery.option(seg, icmp, length, type)
            : NeighbourDiscovery.NO_OPTIONS;
    boolean answerable = type == NeighbourDiscovery.ADVERTISEMENT || mac != 0;
    long from = answerable ? mac : Frames.source(seg, off);
    if (Frames.isGroup(from)) {
      counters.add(IoCounter.RX_MALFORMED, 1);
      return true;
    }
    long high = NeighbourDiscovery.targetHigh(seg, icmp);
    long low = NeighbourDiscovery.targetLow(seg, icmp);
    if (type == NeighbourDiscovery.ADVERTISEMENT) {
      if (mac != 0) {
        boolean override = NeighbourDiscovery.overrides(seg, icmp);
        neighbours.heard(high, low, mac, false, override, nowNs);
      }
    } else if (high == self.high() && low == self.low()) {
      onSolicitation(Ipv6.sourceHigh(seg, ip), Ipv6.sourceLow(seg, ip), from);
    }
    return true;
  }

  private void onSolicitation(long high, long low, long from) {
    int type = NeighbourDiscovery.ADVERTISEMENT;
    if (high == 0 && low == 0) {
      // Somebody would like our address for himself: everybody is told whose it is.
      long all = NeighbourDiscovery.ALL_NODES_LOW;
      long allHigh = NeighbourDiscovery.groupHigh();
      discovery(type, Frames.groupMac(allHigh, all), allHigh, all, self.high(), self.low());
      return;
    }
    neighbours.heard(high, low, from, true, true, nowNs);
    discovery(type, from, high, low, self.high(), self.low());
  }

  // What neighbours need.

  @Override
  public void ask(Neighbour neighbour) {
    if (self.isV4()) {
      long to = neighbour.mac == 0 ? Frames.BROADCAST : neighbour.mac;
      arp(Arp.REQUEST, to, 0, (int) neighbour.low);
    } else if (neighbour.mac == 0) {
      long group = NeighbourDiscovery.groupLow(neighbour.low);
      long groupHigh = NeighbourDiscovery.groupHigh();
      discovery(
          NeighbourDiscovery.SOLICITATION,
          Frames.groupMac(groupHigh, group),
          groupHigh,
          group,
          neighbour.high,
          neighbour.low);
    } else {
      discovery(
          NeighbourDiscovery.SOLICITATION,
          neighbour.mac,
          neighbour.high,
          neighbour.low,
          neighbour.high,
          neighbour.low);
    }
  }

  @Override
  public void resolved(Neighbour neighbour) {
    SendBatch frames = link.sendBatch();
    waiting.release(
        neighbour,
        (memory, offset, length) -> {
          if (!frames.hasRoom()) {
            counters.add(IoCounter.TX_NO_BUFFERS, 1);
            return;
          }
          Frames.mac(memory, offset, neighbour.mac);
          MemorySegment.copy(memory, offset, frames.memory(), frames.position(), length);
          frames.add(link.peer(), length);
        });
  }

  @Override
  public void lost(Neighbour neighbour) {
    waiting.release(
        neighbour, (memory, offset, length) -> counters.add(IoCounter.TX_UNREACHABLE, 1));
  }

  private void arp(int operation, long to, long targetMac, int target) {
    SendBatch frames = link.sendBatch();
    if (!frames.hasRoom()) {
      return;
    }
    long off = frames.position();
    Frames.write(frames.memory(), off, to, self.mac(), Frames.ARP);
    Arp.write(
        frames.memory(),
        off + Frames.LENGTH,
        operation,
        self.mac(),
        (int) self.low(),
        targetMac,
        target);
    frames.add(link.peer(), Frames.LENGTH + Arp.LENGTH);
  }

  private void discovery(
      int type, long toMac, long toHigh, long toLow, long targetHigh, long targetLow) {
    SendBatch frames = link.sendBatch();
    if (!frames.hasRoom()) {
      return;
    }
    long off = frames.position();
    MemorySegment seg = frames.memory();
    long ip = off + Frames.LENGTH;
    Frames.write(seg, off, toMac, self.mac(), Frames.IPV6);
    Ipv6.source(seg, ip, self.high(), self.low());
    Ipv6.destination(seg, ip, toHigh, toLow);
    NeighbourDiscovery.write(seg, ip, type, targetHigh, targetLow, self.mac());
    frames.add(link.peer(), Frames.LENGTH + NeighbourDiscovery.LENGTH);
  }
}
