// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import java.net.InetAddress;

/**
 * Moves queue pairs as their connections need it, as librdmacm does for its users.
 *
 * <p>The starting PSN in a REQ or REP is the one at which whoever <em>receives</em> the message
 * begins to send (specification 12.7.31; Linux {@code cm.c} takes it for {@code sq_psn}).
 */
final class QpMoves {
  /** What we ask a sender to wait when no receive is posted: code 12, 0.64 ms. */
  private static final int MIN_RNR_TIMER = 12;

  private QpMoves() {}

  /** To INIT, from RESET or INIT. */
  static void toInit(QueuePair qp, ConnectParams params) throws RdmaException {
    QpState state = qp.state();
    if (qp.type() == QpType.UD) {
      throw new RdmaException(
          qp.label()
              + " is of type UD; connect a queue pair of type RC or UC, or resolve a service");
    }
    if (state != QpState.RESET && state != QpState.INIT) {
      throw new RdmaException(
          qp.label() + " is in " + state + "; connect a new queue pair, in RESET or INIT");
    }
    qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(params.accessFlags()));
  }

  /** Active side: from INIT to RTS with what the peer replied. */
  static void connect(QueuePair qp, InetAddress peer, ConnectParams params, PeerReply reply)
      throws RdmaException {
    int reads = Math.min(params.responderResources(), reply.initiatorDepth());
    qp.modify(rtr(qp, peer, reply.qpn(), reply.ourPsn(), reply.pathMtuBytes(), reads));
    if (qp.type() == QpType.UC) {
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(reply.startingPsn()));
      return;
    }
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(reply.startingPsn())
            .timeoutCode(params.ackTimeoutCode())
            .retryCount(params.retryCount())
            .rnrRetry(reply.rnrRetryCount())
            .maxRdAtomic(Math.min(params.initiatorDepth(), reply.responderResources())));
  }

  /**
   * Passive side: from RESET or INIT to RTS with what the peer asked for.
   *
   * @param agreed READ limits that both sides have
   * @param psn first PSN that the peer sends, as our REP asks it to
   */
  static void accept(
      QueuePair qp, InetAddress peer, ConnectParams agreed, PeerRequest request, int psn)
      throws RdmaException {
    toInit(qp, agreed);
    qp.modify(
        rtr(qp, peer, request.qpn(), psn, request.pathMtuBytes(), agreed.responderResources()));
    if (qp.type() == QpType.UC) {
      qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(request.startingPsn()));
      return;
    }
    int timeout = request.ackTimeoutCode();
    qp.modify(
        new QpAttributes()
            .state(QpState.RTS)
            .sqPsn(request.startingPsn())
            .timeoutCode(timeout == 0 ? agreed.ackTimeoutCode() : timeout)
            .retryCount(request.retryCount())
            .rnrRetry(request.rnrRetryCount())
            .maxRdAtomic(agreed.initiatorDepth()));
  }

  private static QpAttributes rtr(
      QueuePair qp, InetAddress peer, int qpn, int psn, int mtuBytes, int reads) {
    QpAttributes attributes =
        new QpAttributes()
            .state(QpState.RTR)
            .remoteAddress(peer)
            .destQpn(qpn)
            .rqPsn(psn)
            .pathMtuBytes(mtuBytes);
    return qp.type() == QpType.UC
        ? attributes
        : attributes.maxDestRdAtomic(reads).minRnrTimer(MIN_RNR_TIMER);
  }

  /** What both sides can do: ours, with READ limits no higher than the peer's. */
  static ConnectParams agree(ConnectParams ours, PeerRequest request) {
    return new ConnectParams(
        ours.privateData(),
        Math.min(ours.responderResources(), request.initiatorDepth()),
        Math.min(ours.initiatorDepth(), request.responderResources()),
        ours.retryCount(),
        ours.rnrRetryCount(),
        ours.ackTimeoutCode(),
        ours.accessFlags());
  }

  /** To ERR; false if it can't be moved any more, because its device is gone. */
  static boolean toError(QueuePair qp) {
    try {
      qp.modify(new QpAttributes().state(QpState.ERR));
      return true;
    } catch (RdmaException | RuntimeException e) {
      return false;
    }
  }
}
