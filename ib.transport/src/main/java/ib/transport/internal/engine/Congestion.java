// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;

/**
 * What a connected queue pair does about congestion: it tells its peer of packets that were marked
 * on their way, and sends more slowly when its peer tells it (annex A17.9.3 of the specification;
 * notification and reaction point of DCQCN). Agent thread only.
 */
final class Congestion {
  /** The ECN bits of a traffic class: congestion experienced (RFC 3168). */
  private static final int CONGESTION_EXPERIENCED = 3;

  /** Least time between two notifications of one queue pair, as DCQCN's paper has it. */
  static final long NOTIFICATION_PERIOD_NS = 50_000;

  /** BTH and the longest extended headers of a packet with data. */
  private static final int MOST_HEADER_BYTES = 64;

  private final EngineQp qp;
  private final EngineCore core;
  private final RateLimit rate = new RateLimit();
  private boolean wanted;
  private boolean everSent;
  private long sentNs;

  Congestion(EngineQp qp) {
    this.qp = qp;
    core = qp.core;
  }

  /** A packet of the queue pair's peer came, of whatever kind; looks at its mark. */
  void onPacket(Inbound packet) {
    if (isMarked(packet)) {
      core.counters.add(PortCounter.NP_ECN_MARKED_ROCE_PACKETS);
      if (!wanted && (!everSent || core.nowNs - sentNs >= NOTIFICATION_PERIOD_NS)) {
        wanted = true;
        core.ready.addLast(qp);
      }
    }
    if (packet.opcode == Opcode.CNP) {
      core.counters.add(PortCounter.RP_CNP_HANDLED);
      rate.onNotification(core.nowNs);
    }
  }

  /** Whether a notification is to be sent. */
  boolean wantsTurn() {
    return wanted;
  }

  /**
   * Sends the notification that is due.
   *
   * @return packets sent
   */
  int transmit(PacketSink sink, long peerHigh, long peerLow, int destQpn) {
    if (!wanted) {
      return 0;
    }
    if (!notify(qp, sink, peerHigh, peerLow, destQpn)) {
      return 0;
    }
    wanted = false;
    everSent = true;
    sentNs = core.nowNs;
    return 1;
  }

  /** Sends one notification; false if the sink is full. */
  static boolean notify(EngineQp from, PacketSink sink, long high, long low, int destQpn) {
    EngineCore core = from.core;
    if (!sink.begin(high, low, from.qpn(), Bth.LENGTH + Opcode.CNP_RESERVED_BYTES)) {
      core.sinkFull = true;
      return false;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    Bth.write(out, at, Opcode.CNP, false, 0, core.options.pkey(), destQpn, false, 0);
    Bth.ecnByte(out, at, Bth.BECN);
    for (int i = 0; i < Opcode.CNP_RESERVED_BYTES; i += Long.BYTES) {
      Wire.u64(out, at + Bth.LENGTH + i, 0);
    }
    sink.commit();
    core.counters.add(PortCounter.NP_CNP_SENT);
    return true;
  }

  /** Whether a packet was marked on its way. */
  static boolean isMarked(Inbound packet) {
    return (packet.trafficClass & CONGESTION_EXPERIENCED) == CONGESTION_EXPERIENCED;
  }

  /** Whether data may go now; if not, the queue pair gets a turn when it may. */
  boolean admits() {
    boolean may = rate.admits(core.nowNs);
    if (!may) {
      core.paced.add(qp, rate.nextNs());
    }
    return may;
  }

  /** Whether after a packet with so much payload the rate admits no more at once. */
  boolean isLastAdmitted(int payloadBytes) {
    return !rate.admitsAfter(payloadBytes + MOST_HEADER_BYTES, core.nowNs);
  }

  /** A packet with data went. */
  void sent(int bytes) {
    rate.sent(bytes, core.nowNs);
  }

  /** The connection is gone. */
  void forget() {
    wanted = false;
    everSent = false;
    rate.reset();
    core.paced.forget(qp);
  }
}
