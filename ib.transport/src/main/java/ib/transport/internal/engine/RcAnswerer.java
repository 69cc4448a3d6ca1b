// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicAckEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import java.lang.foreign.MemorySegment;

/**
 * What the responder of a reliable connection has to tell its peer: how far it is, what it refuses,
 * and the data that was asked for. Answers are made when the port sends, in the order of PSNs, so
 * that one acknowledgement answers a batch (specification 9.7.5.1).
 */
final class RcAnswerer {
  private static final int NONE = -1;

  /** What is answered with more than an acknowledgement. */
  final Answers answers = new Answers();

  private final RcQp qp;
  private final EngineCore core;
  private int expectedPsn;
  private int msn;
  private boolean ackPending;
  private int nakSyndrome = NONE;

  /** The queue pair ended before its acknowledgement was sent; it goes out all the same. */
  private boolean ackLeft;

  /** A NAK was sent and the expected PSN has not come since: more of them would say nothing new. */
  private boolean nakSent;

  /** Why the queue pair goes into ERR once the NAK is sent; empty if all is well. */
  private String fatal = "";

  RcAnswerer(RcQp qp) {
    this.qp = qp;
    core = qp.core;
  }

  void start(int psn, int maxReads) {
    ackLeft = false;
    expectedPsn = psn;
    msn = 0;
    answers.start(maxReads);
  }

  /** The PSN of the next new request. */
  int expectedPsn() {
    return expectedPsn;
  }

  /** Whether a request was refused, so that none is executed any more. */
  boolean hasRefused() {
    return !fatal.isEmpty();
  }

  boolean wantsTurn() {
    // Answers go in order: what follows a READ waits with it while the rate admits no data.
    return answers.isEmpty() ? ackPending || nakSyndrome != NONE : !qp.paced;
  }

  /** Whether all that there is to answer is one acknowledgement. */
  boolean isShort() {
    return answers.isEmpty();
  }

  void wake() {
    core.ready.addLast(qp);
  }

  // What the responder says.

  /** A message is complete; a READ is when it is accepted. */
  void messageDone() {
    msn = Psn.next(msn);
  }

  /** A request was executed, or a packet of one. */
  void accepted(Inbound packet, int psns) {
    expectedPsn = Psn.add(expectedPsn, psns);
    // What was missing came after all, before the NAK went out.
    boolean acknowledge = packet.ackReq || nakSyndrome != NONE;
    nakSyndrome = NONE;
    nakSent = false;
    if (acknowledge && !answers.endsWith(packet.psn)) {
      acknowledge();
    }
  }

  void acknowledge() {
    ackPending = true;
    wake();
  }

  /** A request was executed whose answer, which waits already, is its acknowledgement. */
  void answered(Inbound packet, int psns) {
    messageDone();
    ackPending = false;
    accepted(packet, psns);
    wake();
  }

  /** A request is missing before one that came. */
  void gap() {
    if (!nakSent) {
      nak(Aeth.NAK_PSN_SEQUENCE_ERROR);
    }
  }

  /** The request is to be sent again, once it was waited. */
  void notReady() {
    core.counters.add(PortCounter.SEND_RNR_ERR);
    nak(Aeth.rnrNak(qp.attributes.minRnrTimer()));
  }

  /** The request ends the connection. */
  void refuse(int syndrome, String cause) {
    fatal = cause;
    nak(syndrome);
  }

  private void nak(int syndrome) {
    nakSyndrome = syndrome;
    nakSent = true;
    wake();
  }

  // Sending.

  int transmit(PacketSink sink, int budget) {
    int sent = 0;
    while (sent < budget && !core.sinkFull) {
      if (!answers.isEmpty()) {
        if (!qp.congestion.admits()) {
          break;
        }
        sent += answers.isRead() ? sendReadResponse(sink) : sendShort(sink);
      } else if (nakSyndrome != NONE) {
        sent += sendNak(sink);
      } else if (ackPending) {
        sent += sendAck(sink, Psn.add(expectedPsn, -1), Aeth.ACK_NO_CREDITS);
        ackPending = core.sinkFull;
      } else {
        break;
      }
    }
    return sent;
  }

  /** Whether a queue pair that receives no more has still something to acknowledge. */
  boolean owesAck() {
    return ackLeft;
  }

  /**
   * Acknowledges what was executed before the queue pair ended. An application may end it as soon
   * as it sees the completion, and its peer must not wait for an acknowledgement that never comes.
   */
  int transmitAckLeft(PacketSink sink) {
    if (!ackLeft) {
      return 0;
    }
    int sent = sendAck(sink, Psn.add(expectedPsn, -1), Aeth.ACK_NO_CREDITS);
    ackLeft = core.sinkFull;
    return sent;
  }

  private int sendReadResponse(PacketSink sink) {
    int opcode = RcOpcodes.readResponse(answers.isFirstPacket(), answers.isLastPacket());
    int header = Opcode.headerLength(opcode);
    int bytes = answers.packetBytes();
    int pad = -bytes & 3;
    if (!sink.begin(qp.peerHigh, qp.peerLow, qp.qpn(), header + bytes + pad)) {
      core.sinkFull = true;
      return 0;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    MemoryStatus status =
        core.mover.remote(
            qp.backend,
            answers.key(),
            answers.packetAddress(),
            bytes,
            out,
            at + header,
            AccessFlags.REMOTE_READ);
    if (status != MemoryStatus.OK) {
      readFailed(status);
      return 1;
    }
    writeBth(out, at, opcode, pad, answers.packetPsn());
    if (Opcode.hasAeth(opcode)) {
      Aeth.write(out, at + Bth.LENGTH, Aeth.ACK_NO_CREDITS, msn);
    }
    Padding.write(out, at + header + bytes, pad);
    sink.commit();
    qp.congestion.sent(header + bytes);
    answers.packetSent();
    return 1;
  }

  private int sendShort(PacketSink sink) {
    int opcode = answers.opcode();
    if (!sink.begin(qp.peerHigh, qp.peerLow, qp.qpn(), Opcode.headerLength(opcode))) {
      core.sinkFull = true;
      return 0;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    writeBth(out, at, opcode, 0, answers.packetPsn());
    Aeth.write(out, at + Bth.LENGTH, Aeth.ACK_NO_CREDITS, msn);
    if (opcode == Opcode.ATOMIC_ACK) {
      AtomicAckEth.write(out, at + Bth.LENGTH + Aeth.LENGTH, answers.value());
    }
    sink.commit();
    answers.packetSent();
    return 1;
  }

  private void readFailed(MemoryStatus status) {
    if (answers.isReplay()) {
      answers.drop();
    } else {
      expectedPsn = answers.packetPsn();
      answers.clear();
      refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "memory of a READ is gone: " + status);
    }
  }

  private int sendNak(PacketSink sink) {
    int sent = sendAck(sink, expectedPsn, nakSyndrome);
    if (sent != 0) {
      if (!Aeth.isRnrNak(nakSyndrome)) {
        core.counters.add(PortCounter.SENT_NAK);
      }
      nakSyndrome = NONE;
      ackPending = false;
      if (!fatal.isEmpty()) {
        qp.fail(fatal);
      }
    }
    return sent;
  }

  private int sendAck(PacketSink sink, int psn, int syndrome) {
    if (!sink.begin(qp.peerHigh, qp.peerLow, qp.qpn(), Bth.LENGTH + Aeth.LENGTH)) {
      core.sinkFull = true;
      return 0;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    writeBth(out, at, Opcode.ACK, 0, psn);
    Aeth.write(out, at + Bth.LENGTH, syndrome, msn);
    sink.commit();
    return 1;
  }

  private void writeBth(MemorySegment out, long at, int opcode, int pad, int psn) {
    Bth.write(out, at, opcode, false, pad, core.options.pkey(), qp.destQpn, false, psn);
  }

  void forget() {
    if (ackPending && isShort() && nakSyndrome == NONE) {
      ackLeft = true;
      wake();
    }
    ackPending = false;
    nakSyndrome = NONE;
    nakSent = false;
    fatal = "";
    answers.clear();
  }
}
