// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.verbs.NotSupportedException;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/** A queue pair of a device: the state machine that all service types share, and flushing. */
abstract class BackedQp extends EngineQp implements PortQp {
  final QpBackend backend;
  private final QpType type;

  /** For entries that are only pulled to be flushed. */
  private final SendWqe flushedSend = new SendWqe();

  private final RecvWqe flushedReceive = new RecvWqe();

  QpAttributes attributes = new QpAttributes();
  private volatile QpState state = QpState.RESET;
  boolean destroyed;
  private boolean flushWanted;
  private boolean heardOfPeer;
  private boolean drainNoticeWanted;

  BackedQp(EngineCore core, int qpn, QpType type, QpBackend backend) {
    super(core, qpn);
    this.type = type;
    this.backend = backend;
  }

  @Override
  public final QpType type() {
    return type;
  }

  @Override
  final QpType serviceType() {
    return type;
  }

  @Override
  public final QpState state() {
    return state;
  }

  final boolean sends() {
    QpState now = state;
    return now == QpState.RTS || now == QpState.SQD;
  }

  final boolean receives() {
    return state == QpState.RTR || state == QpState.SQE || sends();
  }

  /** Whether what is posted to the send queue is flushed at once. */
  final boolean flushesSends() {
    return state == QpState.ERR || state == QpState.SQE;
  }

  @Override
  public final void modify(QpAttributes wanted) throws RdmaException {
    if (destroyed) {
      throw new RdmaException("QP " + qpn() + " was destroyed: create another");
    }
    QpState from = state;
    QpState to = wanted.has(QpAttributes.STATE) ? wanted.state() : from;
    QpTransitions.check(qpn(), type, from, to, wanted, core.options);
    checkModify(from, wanted);
    drainNoticeWanted =
        to == QpState.SQD
            && (wanted.sqdAsyncNotify() || (from == QpState.SQD && drainNoticeWanted));
    switch (to) {
      case RESET -> {
        state = QpState.RESET;
        core.timers.clear(this);
        attributes = new QpAttributes();
        flushWanted = false;
        heardOfPeer = false;
        forget();
      }
      case ERR -> {
        if (from != QpState.ERR) {
          enterError();
        }
      }
      default -> {
        if (flushWanted) {
          // Posted in SQE: it is not sent now.
          flushPosted();
        }
        attributes.merge(wanted);
        state = to;
        onModified(from, to, wanted);
        core.ready.addLast(this);
      }
    }
  }

  /** Attributes were merged and the state set; neither RESET nor ERR. */
  abstract void onModified(QpState from, QpState to, QpAttributes wanted);

  /** Refuses what the table of transitions can't know. */
  void checkModify(QpState from, QpAttributes wanted) throws RdmaException {}

  /**
   * For {@link #checkModify}: refuses a change in SQD of what requests in progress need.
   *
   * @param needed bits of {@link QpAttributes}
   */
  final void requireDrained(QpState from, QpAttributes wanted, int needed) throws RdmaException {
    int changed = wanted.mask() & needed;
    if (from == QpState.SQD && changed != 0 && !isDrained()) {
      throw new RdmaException(
          "QP "
              + qpn()
              + ": "
              + QpTransitions.names(changed)
              + " can't be changed while requests are in progress: wait for SQ_DRAINED");
    }
  }

  /** Whether no send is in progress. */
  abstract boolean isDrained();

  @Override
  final void turnDone() {
    if (drainNoticeWanted && !destroyed && state == QpState.SQD && isDrained()) {
      drainNoticeWanted = false;
      backend.onSqDrained();
    }
  }

  /** Drops all work in progress without a completion; the queue pair is in RESET or destroyed. */
  abstract void forget();

  /** Completes all sends in progress with WR_FLUSH_ERR, in order. */
  abstract void flushSendsInProgress();

  /** Completes a receive in progress with WR_FLUSH_ERR. */
  abstract void flushReceivesInProgress();

  @Override
  public final QpAttributes query() {
    QpAttributes copy = new QpAttributes();
    copy.merge(attributes);
    return copy.state(state);
  }

  @Override
  public final void kickReceive() {
    if (state == QpState.ERR) {
      wantFlush();
    }
  }

  /** A packet of a connected queue pair's peer passed all checks. */
  final void hearOfPeer() {
    if (!heardOfPeer) {
      heardOfPeer = true;
      if (state == QpState.RTR) {
        backend.onCommEst();
      }
      core.onFirstPacket.accept(qpn());
    }
  }

  /** For {@code kickSend} in ERR and SQE. */
  final void wantFlush() {
    flushWanted = true;
    core.ready.addLast(this);
  }

  final boolean wantsFlush() {
    return flushWanted;
  }

  @Override
  public void attachMcast(long groupHigh, long groupLow) throws RdmaException {
    throw new NotSupportedException(
        type + " QP " + qpn() + " can't join a multicast group; use a UD queue pair");
  }

  @Override
  public void detachMcast(long groupHigh, long groupLow) throws RdmaException {
    throw new NotSupportedException(
        type + " QP " + qpn() + " is in no multicast group; use a UD queue pair");
  }

  @Override
  public final void destroy() {
    if (!destroyed) {
      onDestroy();
      destroyed = true;
      state = QpState.RESET;
      core.timers.clear(this);
      core.qps.remove(qpn());
      forget();
    }
  }

  /** The queue pair ends. */
  void onDestroy() {}

  /** Into ERR because of what happened on the wire or in memory. */
  final void fail(String cause) {
    enterError();
    backend.onFatal(cause);
  }

  private void enterError() {
    state = QpState.ERR;
    core.timers.clear(this);
    flushSendsInProgress();
    flushReceivesInProgress();
    flushPosted();
    if (backend.sharesReceives()) {
      backend.onLastWqe();
    }
  }

  /**
   * A request of an unreliable queue pair failed and was completed so: the send queue goes into
   * error, receives go on (specification 10.3.1, SQE).
   */
  final void failSends(String cause) {
    state = QpState.SQE;
    flushSendsInProgress();
    flushPosted();
    backend.onSqe(cause);
  }

  /** Completes what is still in the device's queues; bounded by their sizes. */
  final int flushPosted() {
    flushWanted = false;
    int flushed = 0;
    while (backend.nextSend(flushedSend)) {
      flush(flushedSend);
      flushed++;
    }
    while (state == QpState.ERR
        && !backend.sharesReceives()
        && backend.nextReceive(flushedReceive)) {
      flush(flushedReceive);
      flushed++;
    }
    return flushed;
  }

  final void flush(SendWqe wqe) {
    backend.completeSend(
        wqe.cookie(), wqe.signaled(), WcStatus.WR_FLUSH_ERR, wqe.opcode().wcOpcode(), 0);
  }

  final void flush(RecvWqe wqe) {
    completeReceive(wqe, WcStatus.WR_FLUSH_ERR, 0);
  }

  final void completeReceive(RecvWqe wqe, WcStatus status, int bytes) {
    backend.completeReceive(wqe.cookie(), status, WcOpcode.RECV, bytes, 0, 0, 0, false);
  }
}
