// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.util.ArrayList;
import java.util.List;

/** Queue pairs that have data to send and wait until their {@link RateLimit} lets them. */
final class PacedQps {
  private final ReadyQueue ready;
  private final List<EngineQp> waiting = new ArrayList<>();
  private long earliestNs;

  PacedQps(ReadyQueue ready) {
    this.ready = ready;
  }

  /** Gives a queue pair a turn at a time. */
  void add(EngineQp qp, long atNs) {
    if (waiting.isEmpty() || atNs - earliestNs < 0) {
      earliestNs = atNs;
    }
    if (!qp.paced) {
      qp.paced = true;
      waiting.add(qp);
    }
    qp.paceNs = atNs;
  }

  void forget(EngineQp qp) {
    if (qp.paced) {
      qp.paced = false;
      waiting.remove(qp);
    }
  }

  /** Not after the first is due; {@link Long#MAX_VALUE} if none waits. */
  long earliestNs() {
    return waiting.isEmpty() ? Long.MAX_VALUE : earliestNs;
  }

  /** Gives those that are due their turn; returns how many. */
  int fire(long nowNs) {
    if (waiting.isEmpty() || nowNs - earliestNs < 0) {
      return 0;
    }
    int fired = 0;
    for (int i = waiting.size() - 1; i >= 0; i--) {
      EngineQp qp = waiting.get(i);
      if (nowNs - qp.paceNs >= 0) {
        waiting.set(i, waiting.getLast());
        waiting.removeLast();
        qp.paced = false;
        qp.onPaced();
        ready.addLast(qp);
        fired++;
      }
    }
    for (int i = 0; i < waiting.size(); i++) {
      long atNs = waiting.get(i).paceNs;
      if (i == 0 || atNs - earliestNs < 0) {
        earliestNs = atNs;
      }
    }
    return fired;
  }
}
