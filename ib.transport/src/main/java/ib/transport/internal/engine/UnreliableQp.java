// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.QpBackend;
import ib.transport.SendWqe;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.WcStatus;

/**
 * A queue pair without acknowledgements (specification 9.8): a request is done when its last packet
 * was sent, so that one at a time is in progress, and one that fails puts the send queue alone into
 * error.
 */
abstract class UnreliableQp extends BackedQp {
  /** The entry in progress, if there is one. */
  final SendWqe send = new SendWqe();

  /** Of the next packet. */
  int psn;

  private boolean holdsSend;
  private boolean kicked;

  UnreliableQp(EngineCore core, int qpn, QpType type, QpBackend backend) {
    super(core, qpn, type, backend);
  }

  /** Looks at the entry that was taken just now; what is not SUCCESS fails it. */
  abstract WcStatus begin(SendWqe entry);

  /** Sends the next packet of the entry; false if the sink is full or the entry failed. */
  abstract boolean sendPacket(PacketSink sink);

  /** Whether a notification of congestion is to be sent. */
  abstract boolean owesNotification();

  /** Sends the notifications that are due; how many. */
  abstract int sendNotifications(PacketSink sink);

  /** Whether congestion lets the next packet go now; if not, a turn comes when it does. */
  abstract boolean admits();

  /** Notifications that came, and those to be sent, mean nothing any more. */
  abstract void forgetCongestion();

  @Override
  public final void kickSend() {
    if (flushesSends()) {
      wantFlush();
    } else {
      kicked = true;
      if (sends()) {
        core.ready.addLast(this);
      }
    }
  }

  @Override
  final boolean wantsTurn() {
    return !destroyed
        && (wantsFlush()
            || (receives() && owesNotification())
            || (sends() && !paced && (holdsSend || (kicked && state() == QpState.RTS))));
  }

  @Override
  final int transmit(PacketSink sink, int budget) {
    if (destroyed) {
      return 0;
    }
    int sent = receives() ? sendNotifications(sink) : 0;
    if (!sends()) {
      return wantsFlush() ? sent + flushPosted() : sent;
    }
    while (sent < budget && !core.sinkFull && sends() && pull() && mayGo() && sendPacket(sink)) {
      sent++;
    }
    return sent;
  }

  /** Packets are paced, local operations are not. */
  private boolean mayGo() {
    return send.opcode().isLocal() || admits();
  }

  private boolean pull() {
    if (!holdsSend && kicked && state() == QpState.RTS) {
      holdsSend = backend.nextSend(send);
      kicked = holdsSend;
      if (holdsSend) {
        WcStatus failure = begin(send);
        if (failure != WcStatus.SUCCESS) {
          failSend(failure);
        }
      }
    }
    return holdsSend;
  }

  /** Ends the entry in progress with an error, and with it the send queue. */
  final void failSend(WcStatus status) {
    complete(status, 0);
    failSends(send.opcode() + " could not be sent: " + status);
  }

  /** Ends the entry in progress. */
  final void complete(WcStatus status, int bytes) {
    holdsSend = false;
    if (status == WcStatus.SUCCESS) {
      core.counters.sendCompleted(send.opcode().wcOpcode());
    }
    backend.completeSend(send.cookie(), send.signaled(), status, send.opcode().wcOpcode(), bytes);
  }

  @Override
  final void onTimer() {
    // Nothing is repeated: no deadline is ever set.
  }

  @Override
  final boolean isDrained() {
    return !holdsSend;
  }

  @Override
  final void flushSendsInProgress() {
    if (holdsSend) {
      holdsSend = false;
      flush(send);
    }
  }

  @Override
  final void forget() {
    holdsSend = false;
    kicked = false;
    forgetCongestion();
    forgetReceives();
  }

  /** Drops what was being received without a completion. */
  abstract void forgetReceives();
}
