// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.Gsi;
import ib.transport.PacketTap;
import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.wire.Bth;
import ib.transport.wire.Gids;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Everything of a port but the socket: takes received packets apart, finds their queue pair, lets
 * the queue pairs send in turn, and keeps their deadlines.
 *
 * <p>A turn of the port: {@link #receive} for each packet of a batch, {@link #onTimers}, {@link
 * #transmit}. Acknowledgements are made in {@link #transmit}, so that one answers a whole batch.
 * Agent thread only, except {@link #counter}. Nothing that a packet holds makes a method throw.
 */
public final class PortEngine {
  /** {@link #receive}: the socket does not show the IP identification. */
  public static final int IP_ID_UNKNOWN = -1;

  /** {@link #nextDeadlineNs}: nothing to wait for. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  /**
   * Packets of one turn: so few that what is sent is still in the core's cache when the other end
   * of a local connection, or the system, reads it. Measured: half as fast again as 512 for long
   * messages, while 32 pay more for system calls than they gain.
   */
  private static final int TURN_PACKETS = 64;

  /** Packets that one queue pair may send before the next has its turn: one full train. */
  private static final int QP_PACKETS = 64;

  private final EngineCore core;
  private final GsiQp gsi;
  private final Inbound inbound = new Inbound();
  private final Icrc icrc = new Icrc();
  private final IcrcFlow flow;
  private final boolean ipv6;
  private @Nullable PacketTap tap;

  /** Makes an engine with QP1 and no other queue pair. */
  public PortEngine(EngineOptions options) {
    core = new EngineCore(options);
    gsi = new GsiQp(core);
    core.qps.put(gsi);
    core.onFirstPacket = gsi::onFirstPacket;
    ipv6 = !Gids.isV4(options.localHigh(), options.localLow());
    flow = ipv6 ? IcrcFlow.ipv6() : IcrcFlow.ipv4();
  }

  /**
   * Makes a queue pair in RESET.
   *
   * @param qpn 24 bits, not 0 or 1, not in use
   * @param type RC, UC or UD
   * @param backend the hardware side
   * @throws IllegalArgumentException for any other number, naming it
   */
  public PortQp createQp(int qpn, QpType type, QpBackend backend) {
    if (qpn <= GsiQp.QPN || qpn > Psn.MASK || core.qps.get(qpn) != null) {
      throw new IllegalArgumentException(
          "QP number " + qpn + ": must be 2..0xFFFFFF and not in use; see allocateQpn()");
    }
    BackedQp qp =
        switch (type) {
          case RC -> new RcQp(core, qpn, backend);
          case UD -> new UdQp(core, qpn, backend);
          case UC -> new UcQp(core, qpn, backend);
        };
    core.qps.put(qp);
    return qp;
  }

  /** Packets that the windows count as on their way, in both directions. */
  int packetsInFlight() {
    return core.reads.used() + core.peers.used();
  }

  /** Queue pairs beside QP1. */
  int queuePairs() {
    return core.qps.count() - 1;
  }

  /** QP1. */
  public Gsi gsi() {
    return gsi;
  }

  /** A counter; any thread. */
  public long counter(PortCounter counter) {
    return core.counters.get(counter);
  }

  /** Adds to a counter that the port itself keeps, such as those of its socket. */
  public void count(PortCounter counter, long n) {
    core.counters.add(counter, n);
  }

  /** Says who joins multicast groups; before, a group needs no joining. */
  public void setGroups(McastGroups groups) {
    core.groups.setPort(groups);
  }

  /** Shows received packets to a tap; sent ones are shown by the sink. */
  public void setTap(@Nullable PacketTap newTap) {
    tap = newTap;
  }

  /**
   * Takes one received UDP payload. Bad ones are counted by cause and dropped.
   *
   * @param sourceHigh source GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param sourceLow lower half
   * @param sourcePort UDP source port
   * @param ipId IPv4 identification where it is known (then the ICRC check is exact), or {@link
   *     #IP_ID_UNKNOWN}; no matter for IPv6
   * @param trafficClass IPv4 TOS or IPv6 traffic class, with the ECN bits lowest; 0 where the port
   *     does not see it
   * @param segment holds the bytes; used only during the call
   * @param offset first byte, of the BTH
   * @param lengthBytes BTH to ICRC
   * @param nowNs the time
   */
  public void receive(
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      int ipId,
      int trafficClass,
      MemorySegment segment,
      long offset,
      int lengthBytes,
      long nowNs) {
    receiveFor(
        core.options.localHigh(),
        core.options.localLow(),
        sourceHigh,
        sourceLow,
        sourcePort,
        ipId,
        trafficClass,
        segment,
        offset,
        lengthBytes,
        nowNs);
  }

  /**
   * Takes one UDP payload that was sent to a multicast group; otherwise as {@link #receive}.
   *
   * @param groupHigh GID of the group, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param groupLow lower half
   */
  public void receiveMulticast(
      long groupHigh,
      long groupLow,
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      int ipId,
      int trafficClass,
      MemorySegment segment,
      long offset,
      int lengthBytes,
      long nowNs) {
    receiveFor(
        groupHigh,
        groupLow,
        sourceHigh,
        sourceLow,
        sourcePort,
        ipId,
        trafficClass,
        segment,
        offset,
        lengthBytes,
        nowNs);
  }

  private void receiveFor(
      long destHigh,
      long destLow,
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      int ipId,
      int trafficClass,
      MemorySegment segment,
      long offset,
      int lengthBytes,
      long nowNs) {
    core.nowNs = nowNs;
    inbound.destHigh = destHigh;
    inbound.destLow = destLow;
    core.counters.add(PortCounter.RCVD_BYTES, lengthBytes);
    if (lengthBytes < EngineCore.SHORTEST_PACKET || (lengthBytes & 3) != 0) {
      core.counters.add(PortCounter.DROPPED_SHORT);
      return;
    }
    boolean sameFamily = ipv6 != Gids.isV4(sourceHigh, sourceLow);
    int foundId = Icrc.WRONG;
    if (sameFamily) {
      setSource(sourceHigh, sourceLow, sourcePort);
      foundId = checkIcrc(ipId, segment, offset, lengthBytes - Icrc.LENGTH);
    }
    PacketTap to = tap;
    if (to != null) {
      show(
          to,
          sourceHigh,
          sourceLow,
          sourcePort,
          Math.max(foundId, 0),
          segment,
          offset,
          lengthBytes);
    }
    if (foundId == Icrc.WRONG) {
      core.counters.add(PortCounter.DROPPED_ICRC);
      return;
    }
    inbound.sourceHigh = sourceHigh;
    inbound.sourceLow = sourceLow;
    inbound.ipId = foundId;
    inbound.trafficClass = trafficClass;
    deliver(segment, offset, lengthBytes);
  }

  private void setSource(long high, long low, int port) {
    if (ipv6) {
      flow.ipv6Source(high, low);
      flow.ipv6Destination(inbound.destHigh, inbound.destLow);
    } else {
      flow.ipv4Addresses((int) low, (int) inbound.destLow);
    }
    flow.sourcePort(port);
  }

  private int checkIcrc(int ipId, MemorySegment segment, long offset, int covered) {
    if (ipId == IP_ID_UNKNOWN || ipv6) {
      return icrc.identify(flow, segment, offset, covered);
    }
    return icrc.verify(flow, ipId, segment, offset, covered) ? ipId : Icrc.WRONG;
  }

  @SuppressWarnings("CatchingUnchecked") // a tap is somebody else's code
  private void show(
      PacketTap to,
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      int ipId,
      MemorySegment segment,
      long offset,
      int lengthBytes) {
    try {
      to.onPacket(
          false,
          sourceHigh,
          sourceLow,
          sourcePort,
          inbound.destHigh,
          inbound.destLow,
          ipId,
          segment,
          offset,
          lengthBytes);
    } catch (RuntimeException e) {
      core.counters.add(PortCounter.TAP_ERRORS);
    }
  }

  private void deliver(MemorySegment segment, long offset, int lengthBytes) {
    if (!Opcode.isKnown(Bth.opcode(segment, offset)) || Bth.version(segment, offset) != 0) {
      core.counters.add(PortCounter.DROPPED_OPCODE);
      return;
    }
    if (!inbound.parse(segment, offset, lengthBytes, Icrc.LENGTH)) {
      core.counters.add(PortCounter.DROPPED_SHORT);
      return;
    }
    if (Gids.isMulticast(inbound.destHigh, inbound.destLow)) {
      deliverToGroup();
      return;
    }
    EngineQp qp = core.qps.get(inbound.destQp);
    if (qp == null) {
      core.counters.add(PortCounter.DROPPED_QPN);
    } else if (admits(
        inbound.opcode == Opcode.CNP
            ? qp.takesNotifications()
            : takes(qp.serviceType(), inbound.opcode))) {
      qp.onPacket(inbound);
    }
  }

  /** The checks that are the same for one queue pair and for a group; false counts the drop. */
  private boolean admits(boolean opcodeFits) {
    if (!opcodeFits) {
      core.counters.add(PortCounter.DROPPED_OPCODE);
      return false;
    }
    if (!pkeyMatches(inbound.pkey, core.options.pkey())) {
      core.counters.add(PortCounter.DROPPED_PKEY);
      return false;
    }
    return true;
  }

  /** Each queue pair of the group gets a copy (specification 10.5.2). */
  private void deliverToGroup() {
    int qps = core.groups.count(inbound.destHigh, inbound.destLow);
    if (qps == 0 || inbound.destQp != QueuePair.MULTICAST_QPN) {
      core.counters.add(PortCounter.DROPPED_QPN);
    } else if (admits(takes(QpType.UD, inbound.opcode))) {
      for (int i = 0; i < qps; i++) {
        core.groups.get(inbound.destHigh, inbound.destLow, i).onPacket(inbound);
      }
    }
  }

  private static boolean takes(QpType type, int opcode) {
    int transport = Opcode.transport(opcode);
    return switch (type) {
      case RC -> transport == Opcode.RC;
      case UC -> transport == Opcode.UC;
      case UD -> transport == Opcode.UD;
    };
  }

  /** Same partition, and not two limited members (specification 10.9.3). */
  static boolean pkeyMatches(int a, int b) {
    return ((a ^ b) & 0x7FFF) == 0 && ((a | b) & 0x8000) != 0;
  }

  /**
   * Lets queue pairs send, in turn, until none wants to, the sink is full or the turn is long
   * enough.
   *
   * @return work done; 0 if there was none
   */
  public int transmit(PacketSink sink, long nowNs) {
    core.nowNs = nowNs;
    core.sinkFull = false;
    int work = 0;
    while (work < TURN_PACKETS && !core.sinkFull) {
      EngineQp qp = core.ready.poll();
      if (qp == null) {
        break;
      }
      work += qp.transmit(sink, QP_PACKETS);
      qp.turnDone();
      if (core.sinkFull) {
        core.ready.addFirst(qp);
      } else if (qp.wantsTurn()) {
        core.ready.addLast(qp);
      }
    }
    return work;
  }

  /** Whether a queue pair waits for its turn to send. */
  public boolean wantsTransmit() {
    return !core.ready.isEmpty();
  }

  /**
   * When {@link #onTimers} is due: never too late, but maybe early.
   *
   * @return a time on the clock of {@code nowNs}, or {@link #NO_DEADLINE}
   */
  public long nextDeadlineNs() {
    return Math.min(core.timers.earliestNs(), core.paced.earliestNs());
  }

  /**
   * Handles the deadlines that have passed.
   *
   * @return how many
   */
  public int onTimers(long nowNs) {
    core.nowNs = nowNs;
    return core.timers.fire(core.qps, nowNs) + core.paced.fire(nowNs);
  }
}
