// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Bth;
import ib.transport.wire.Icrc;

/** What the queue pairs of a port share: options, counters, the time, who sends next. */
final class EngineCore {
  /** Of a packet that may come in: the longest path MTU and all headers. */
  static final int SHORTEST_PACKET = Bth.LENGTH + Icrc.LENGTH;

  final EngineOptions options;
  final EngineCounters counters = new EngineCounters();
  final ReadyQueue ready = new ReadyQueue();
  final Timers timers = new Timers();
  final QpTable qps = new QpTable();

  /** The time that the port gave last. */
  long nowNs;

  /** The sink had no room in this turn. */
  boolean sinkFull;

  EngineCore(EngineOptions options) {
    this.options = options;
  }
}
