// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.SendWqe;
import ib.transport.wire.Aeth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.transport.wire.RnrTimer;
import ib.transport.wire.TimeoutCode;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;

/**
 * The requester of a reliable connection (specification 9.7.5): sends requests, takes
 * acknowledgements and READ responses, goes back to the oldest unacknowledged PSN when something is
 * lost. There is no retransmit buffer: packets are gathered again from memory, which belongs to the
 * device until the completion.
 */
final class RcRequester {
  private static final int SENT = 0;
  private static final int STALLED = 1;
  private static final int FULL = 2;

  /** Retry count that means for ever, for RNR only. */
  private static final int FOR_EVER = 7;

  private final RcQp qp;
  private final EngineCore core;
  private final SendQueue queue;
  private final RequestPackets packets;
  private final RequestsInFlight flight;
  private final RcAnswerCheck answers;

  /** Oldest PSN not acknowledged; next to send; one past the highest ever sent. */
  private int unaPsn;

  private int sendPsn;
  private int highPsn;

  /** Distance of acknowledge requests in a long message, and of the parts of a long READ. */
  private int ackEvery;

  private int readPart;

  private long timeoutNs;
  private int retriesLeft;
  private int rnrRetriesLeft;
  private boolean rnrWaiting;

  /** One answer to signs of loss for each try: later signs are of the same loss. */
  private boolean wentBack;

  private boolean kicked;
  private boolean idle;

  RcRequester(RcQp qp) {
    this.qp = qp;
    core = qp.core;
    queue = new SendQueue(core.options.sendRing());
    packets = new RequestPackets(qp);
    flight = new RequestsInFlight(qp);
    answers = new RcAnswerCheck(qp);
  }

  void start(QpAttributes attributes, Window peerWindow) {
    flight.use(peerWindow);
    unaPsn = attributes.sqPsn();
    sendPsn = unaPsn;
    highPsn = unaPsn;
    queue.start(unaPsn);
    ackEvery = Math.max(1, peerWindow.limit() / 4);
    readPart = Math.max(1, core.reads.limit() / 2);
    resetRetries();
    idle = false;
  }

  /** Attributes were changed in SQD: retry counters begin anew, and there may be another peer. */
  void pathChanged(Window peerWindow) {
    flight.use(peerWindow);
    resetRetries();
  }

  /** Whether nothing is in progress. */
  boolean isDrained() {
    return queue.isEmpty();
  }

  /** Sets the ACK timeout, from the next arming on; code 0 = none. */
  void setTimeout(int code) {
    timeoutNs = code == 0 ? 0 : TimeoutCode.toNs(code);
  }

  void kick() {
    kicked = true;
    idle = false;
  }

  boolean wantsTurn() {
    return !idle;
  }

  /** The rate admits more. */
  void onPaced() {
    idle = false;
  }

  private void wake() {
    idle = false;
    core.ready.addLast(qp);
  }

  // Sending.

  int transmit(PacketSink sink, int budget) {
    int sent = 0;
    while (sent < budget) {
      int result = sendNext(sink);
      if (result == STALLED) {
        idle = true;
        break;
      }
      if (result == FULL) {
        core.sinkFull = true;
        break;
      }
      sent++;
    }
    return sent;
  }

  private int sendNext(PacketSink sink) {
    if (rnrWaiting || !qp.sends() || (queue.allSent() && !pull())) {
      return STALLED;
    }
    if (queue.failure() != null) {
      failIfOldest();
      return STALLED;
    }
    SendWqe wqe = queue.current();
    int packet = queue.packetOf(sendPsn);
    if (packet == 0 && wqe.fence() && queue.isAnswerMissingBeforeCurrent()) {
      return STALLED;
    }
    WrOpcode opcode = wqe.opcode();
    if (opcode.isLocal()) {
      return executeLocal(wqe);
    }
    if (opcode == WrOpcode.RDMA_READ) {
      return sendRead(sink, wqe, packet);
    }
    return opcode.isAnswered() ? sendShort(sink, wqe) : sendData(sink, wqe, packet);
  }

  /**
   * Local operations take effect when the cursor comes to them, so for all requests behind them,
   * and once, however often the cursor goes back. An invalidation waits for all before it: their
   * packets may have to be gathered again (specification 10.6.5.1).
   */
  private int executeLocal(SendWqe wqe) {
    if (!queue.currentIsExecuted()) {
      if (wqe.opcode() == WrOpcode.LOCAL_INV && !queue.currentIsOldest()) {
        return STALLED;
      }
      if (!qp.backend.executeLocal(wqe)) {
        queue.setFailure(
            wqe.opcode() == WrOpcode.BIND_MW ? WcStatus.MW_BIND_ERR : WcStatus.LOC_QP_OP_ERR);
        failIfOldest();
        return STALLED;
      }
      queue.setExecuted();
    }
    queue.nextEntry();
    queue.completeExecuted(qp.backend);
    return SENT;
  }

  private int sendShort(PacketSink sink, SendWqe wqe) {
    if (!flight.admitsAnswers(1)) {
      return STALLED;
    }
    RequestPackets.Outcome outcome = packets.answeredByOne(sink, wqe, sendPsn);
    if (outcome != RequestPackets.Outcome.SENT) {
      return notSent(outcome);
    }
    flight.addAnswers(1, Psn.next(sendPsn));
    sent(1, true);
    return SENT;
  }

  private int notSent(RequestPackets.Outcome outcome) {
    if (outcome == RequestPackets.Outcome.FULL) {
      return FULL;
    }
    queue.setFailure(WcStatus.LOC_PROT_ERR);
    failIfOldest();
    return STALLED;
  }

  private boolean pull() {
    if (!kicked || qp.state() != QpState.RTS || queue.isFull()) {
      return false;
    }
    kicked = queue.pull(qp.backend, qp.mtu, qp.attributes.maxRdAtomic());
    return kicked;
  }

  /** The entry at the cursor can't be sent: it fails once all before it are done. */
  private void failIfOldest() {
    WcStatus status = queue.failure();
    if (status != null && queue.currentIsOldest()) {
      failOldest(status, "work request could not be executed: " + status);
    }
  }

  private int sendRead(PacketSink sink, SendWqe wqe, int packet) {
    // The parts end at fixed places, so that what is asked again lies within one earlier request.
    int end = Math.min(queue.packets(), (packet / readPart + 1) * readPart);
    int part = end - packet;
    if (!flight.admitsAnswers(part)) {
      return STALLED;
    }
    RequestPackets.Outcome outcome = packets.read(sink, wqe, packet, part, sendPsn);
    if (outcome != RequestPackets.Outcome.SENT) {
      return notSent(outcome);
    }
    flight.addAnswers(part, Psn.add(sendPsn, part));
    sent(part, end == queue.packets());
    return SENT;
  }

  private int sendData(PacketSink sink, SendWqe wqe, int packet) {
    if (!flight.admitsRequest() || !qp.congestion.admits()) {
      return STALLED;
    }
    boolean last = packet == queue.packets() - 1;
    boolean ackReq =
        last
            || packet % ackEvery == ackEvery - 1
            || flight.isLastAdmitted()
            || qp.congestion.isLastAdmitted(qp.mtu);
    RequestPackets.Outcome outcome = packets.data(sink, wqe, packet, last, sendPsn, ackReq);
    if (outcome != RequestPackets.Outcome.SENT) {
      return notSent(outcome);
    }
    flight.addRequest();
    sent(1, last);
    return SENT;
  }

  private void sent(int psns, boolean entryDone) {
    sendPsn = Psn.add(sendPsn, psns);
    if (Psn.isAfter(sendPsn, highPsn)) {
      highPsn = sendPsn;
    }
    if (entryDone) {
      queue.nextEntry();
    }
    if (!qp.timerArmed) {
      armTimer();
    }
  }

  // Answers.

  void onResponse(Inbound packet) {
    int psn = packet.psn;
    if (Psn.isBefore(psn, unaPsn) || !Psn.isBefore(psn, highPsn)) {
      // An answer that came twice or too late, or to nothing that was asked.
      return;
    }
    if (Opcode.isReadResponse(packet.opcode) || packet.opcode == Opcode.ATOMIC_ACK) {
      onAnswer(packet);
    } else if (packet.opcode == Opcode.ACK) {
      int syndrome = packet.aethSyndrome();
      if (Aeth.isAck(syndrome)) {
        onAck(psn);
      } else if (Aeth.isRnrNak(syndrome)) {
        onRnrNak(psn, syndrome);
      } else if (Aeth.isNak(syndrome)) {
        onNak(psn, syndrome);
      }
    }
  }

  private void onAck(int psn) {
    if (!acknowledgeBefore(Psn.next(psn))) {
      lossSeen();
    }
  }

  /**
   * Everything before {@code psn} was acknowledged.
   *
   * @return false if an answer before it is missing: an implied NAK
   */
  private boolean acknowledgeBefore(int psn) {
    int before = unaPsn;
    boolean complete = true;
    while (queue.hasSent() && Psn.isBefore(unaPsn, psn)) {
      if (queue.oldestIsAnswered()) {
        complete = false;
        break;
      }
      int end = queue.oldestEndPsn();
      if (Psn.isAfter(end, psn)) {
        moveUna(psn);
      } else {
        moveUna(end);
        completeOldest();
      }
    }
    if (unaPsn != before) {
      progressed();
    }
    return complete;
  }

  /** Gives back what is acknowledged to the windows; entries of one kind only lie between. */
  private void moveUna(int psn) {
    int counted = Math.min(Psn.diff(psn, unaPsn), Math.max(0, Psn.diff(sendPsn, unaPsn)));
    if (queue.oldestIsAnswered()) {
      flight.answersDone(counted);
    } else {
      flight.requestsDone(counted);
    }
    unaPsn = psn;
    if (Psn.isBefore(sendPsn, unaPsn)) {
      sendPsn = unaPsn;
    }
  }

  private void progressed() {
    wentBack = false;
    resetRetries();
    if (rnrWaiting) {
      return;
    }
    if (unaPsn == sendPsn) {
      core.timers.clear(qp);
    } else {
      armTimer();
    }
    wake();
  }

  private void onAnswer(Inbound packet) {
    if (!acknowledgeBefore(packet.psn)) {
      lossSeen();
      return;
    }
    if (!queue.hasSent() || !queue.oldestIsAnswered() || unaPsn != packet.psn) {
      return;
    }
    SendWqe wqe = queue.oldest();
    int part = queue.oldestPacketOf(unaPsn);
    if (!answers.fits(packet, wqe, part)) {
      failOldest(WcStatus.BAD_RESP_ERR, RcAnswerCheck.describe(packet, wqe));
      return;
    }
    MemoryStatus status = answers.take(packet, wqe, part);
    if (status != MemoryStatus.OK) {
      failOldest(WcStatus.LOC_PROT_ERR, "an answer could not be written: " + status);
      return;
    }
    moveUna(Psn.next(unaPsn));
    flight.answeredBefore(unaPsn);
    if (unaPsn == queue.oldestEndPsn()) {
      completeOldest();
    }
    progressed();
  }

  private void onRnrNak(int psn, int syndrome) {
    core.counters.add(PortCounter.RCVD_RNR_ERR);
    if (!acknowledgeBefore(psn)) {
      lossSeen();
      return;
    }
    if (rnrWaiting || unaPsn != psn) {
      return;
    }
    if (rnrRetriesLeft == 0) {
      core.counters.add(PortCounter.RETRY_RNR_EXCEEDED_ERR);
      failOldest(WcStatus.RNR_RETRY_EXC_ERR, "no receive was posted within the RNR retries");
      return;
    }
    if (qp.attributes.rnrRetry() != FOR_EVER) {
      rnrRetriesLeft--;
    }
    goBack();
    rnrWaiting = true;
    core.timers.set(qp, core.nowNs + RnrTimer.delayNs(Aeth.rnrTimerCode(syndrome)));
  }

  private void onNak(int psn, int syndrome) {
    if (syndrome == Aeth.NAK_PSN_SEQUENCE_ERROR) {
      core.counters.add(PortCounter.RCVD_SEQ_ERR);
    }
    if (!acknowledgeBefore(psn)) {
      lossSeen();
      return;
    }
    if (unaPsn != psn || !queue.hasSent()) {
      return;
    }
    switch (syndrome) {
      case Aeth.NAK_PSN_SEQUENCE_ERROR -> lossSeen();
      case Aeth.NAK_INVALID_REQUEST -> refused(WcStatus.REM_INV_REQ_ERR, syndrome);
      case Aeth.NAK_REMOTE_ACCESS_ERROR -> refused(WcStatus.REM_ACCESS_ERR, syndrome);
      default -> refused(WcStatus.REM_OP_ERR, syndrome);
    }
  }

  private void refused(WcStatus status, int syndrome) {
    failOldest(status, "the peer answered " + Aeth.describe(syndrome));
  }

  // Loss and errors.

  private void lossSeen() {
    if (!wentBack && !rnrWaiting) {
      wentBack = true;
      retry();
    }
  }

  private void retry() {
    core.counters.add(PortCounter.COMPLETER_RETRY_ERR);
    if (retriesLeft == 0) {
      core.counters.add(PortCounter.RETRY_EXCEEDED_ERR);
      failOldest(WcStatus.RETRY_EXC_ERR, "no acknowledgement within the retries");
      return;
    }
    retriesLeft--;
    goBack();
    wake();
  }

  /** All that was sent and not acknowledged will be sent again. */
  private void goBack() {
    core.timers.clear(qp);
    flight.clear();
    sendPsn = unaPsn;
    queue.rewind();
  }

  void onTimer() {
    if (rnrWaiting) {
      rnrWaiting = false;
      // Another try: what is lost of it is another loss.
      wentBack = false;
      wake();
    } else if (unaPsn != sendPsn) {
      wentBack = false;
      retry();
    }
  }

  private void armTimer() {
    if (timeoutNs != 0) {
      core.timers.set(qp, core.nowNs + timeoutNs);
    }
  }

  private void resetRetries() {
    retriesLeft = qp.attributes.retryCount();
    rnrRetriesLeft = qp.attributes.rnrRetry();
  }

  private void completeOldest() {
    core.counters.sendCompleted(queue.oldest().opcode().wcOpcode());
    queue.completeOldest(qp.backend);
  }

  private void failOldest(WcStatus status, String cause) {
    queue.failOldest(qp.backend, status);
    qp.fail(cause);
  }

  void flush() {
    flight.clear();
    while (!queue.isEmpty()) {
      queue.failOldest(qp.backend, WcStatus.WR_FLUSH_ERR);
    }
    reset();
  }

  void forget() {
    flight.clear();
    queue.clear();
    reset();
  }

  private void reset() {
    rnrWaiting = false;
    wentBack = false;
    idle = true;
  }
}
