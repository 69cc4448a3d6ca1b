// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.RecvWqe;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/**
 * The receive that a queue pair has taken from its queue and not completed: it is kept until a
 * message fills it, an error ends it, or the queue pair is flushed.
 */
final class HeldReceive {
  /** The entry; only while it is held. */
  final RecvWqe entry = new RecvWqe();

  private final BackedQp qp;
  private boolean held;

  HeldReceive(BackedQp qp) {
    this.qp = qp;
  }

  /** Takes the next receive unless one is held; false if none is posted. */
  boolean take() {
    if (!held) {
      held = qp.backend.nextReceive(entry);
    }
    return held;
  }

  /** A message is complete. */
  void deliver(Inbound packet, WcOpcode opcode, int bytes, int sourceQpn) {
    held = false;
    qp.core.counters.add(PortCounter.RDMA_RECVS);
    qp.backend.completeReceive(
        entry.cookie(),
        WcStatus.SUCCESS,
        opcode,
        bytes,
        packet.wcFlags(),
        packet.immediateOrKey(),
        sourceQpn,
        packet.solicited);
  }

  /** Completes it with an error. */
  void fail(WcStatus status) {
    held = false;
    qp.completeReceive(entry, status, 0);
  }

  /** Completes it with WR_FLUSH_ERR, if it is there. */
  void flush() {
    if (held) {
      fail(WcStatus.WR_FLUSH_ERR);
    }
  }

  /** Drops it without a completion. */
  void forget() {
    held = false;
  }
}
