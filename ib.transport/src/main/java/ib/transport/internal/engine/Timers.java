// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import org.jspecify.annotations.Nullable;

/**
 * The deadlines of the queue pairs. Keeps only a lower bound of the earliest one: ACK timers are
 * pushed back on every acknowledgement, so setting one must cost nothing, and a scan once in a
 * while costs little.
 */
final class Timers {
  private long earliestNs;
  private boolean armed;

  void set(EngineQp qp, long deadlineNs) {
    qp.deadlineNs = deadlineNs;
    qp.timerArmed = true;
    if (!armed || deadlineNs - earliestNs < 0) {
      earliestNs = deadlineNs;
      armed = true;
    }
  }

  void clear(EngineQp qp) {
    qp.timerArmed = false;
  }

  /** A time not after the earliest deadline; {@link Long#MAX_VALUE} if there is none. */
  long earliestNs() {
    return armed ? earliestNs : Long.MAX_VALUE;
  }

  /** Fires what is due; returns how many. */
  int fire(QpTable qps, long nowNs) {
    if (!armed || nowNs - earliestNs < 0) {
      return 0;
    }
    armed = false;
    int fired = 0;
    @Nullable EngineQp[] slots = qps.slots();
    for (EngineQp qp : slots) {
      if (qp == null || !qp.timerArmed) {
        continue;
      }
      if (nowNs - qp.deadlineNs >= 0) {
        qp.timerArmed = false;
        qp.onTimer();
        fired++;
      }
      if (qp.timerArmed && (!armed || qp.deadlineNs - earliestNs < 0)) {
        earliestNs = qp.deadlineNs;
        armed = true;
      }
    }
    return fired;
  }
}
