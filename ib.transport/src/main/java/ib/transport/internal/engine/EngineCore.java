// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Bth;
import ib.transport.wire.Icrc;
import java.util.function.IntConsumer;

/** What the queue pairs of a port share: options, counters, the time, windows, who sends next. */
final class EngineCore {
  /** A BTH and an ICRC: less is no packet. */
  static final int SHORTEST_PACKET = Bth.LENGTH + Icrc.LENGTH;

  final EngineOptions options;
  final EngineCounters counters = new EngineCounters();
  final ReadyQueue ready = new ReadyQueue();
  final Timers timers = new Timers();
  final PacedQps paced = new PacedQps(ready);
  final QpTable qps = new QpTable();
  final McastTable groups = new McastTable();

  /** Request packets on their way to each peer. */
  final PeerWindows peers;

  /** READ response packets asked for: they come into our own receive buffer. */
  final Window reads;

  final MemoryMover mover = new MemoryMover();

  /** Told the number of a connected queue pair that heard of its peer for the first time. */
  IntConsumer onFirstPacket = qpn -> {};

  /** The time that the port gave last. */
  long nowNs;

  /** The sink had no room in this turn. */
  boolean sinkFull;

  EngineCore(EngineOptions options) {
    this.options = options;
    peers = new PeerWindows(ready, options.windowPackets());
    reads = new Window(ready, options.windowPackets());
  }
}
