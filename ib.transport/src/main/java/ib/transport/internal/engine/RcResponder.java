// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.wire.Aeth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/**
 * The responder of a reliable connection (specification 9.7.4): executes requests in PSN order,
 * once each. SENDs and WRITEs are here, {@link AnsweredRequests} has the others, and {@link
 * RcAnswerer} tells the peer.
 */
final class RcResponder {
  private enum Message {
    NO,
    SEND,
    WRITE
  }

  private final RcQp qp;
  private final EngineCore core;
  private final RcAnswerer answerer;
  private final AnsweredRequests answered;
  private final HeldReceive receive;

  /** What is being received, and how far it is. */
  private Message message = Message.NO;

  private long received;
  private long writeAddress;
  private int writeKey;
  private long writeLeft;

  RcResponder(RcQp qp, RcAnswerer answerer) {
    this.qp = qp;
    core = qp.core;
    this.answerer = answerer;
    answered = new AnsweredRequests(qp, answerer);
    receive = new HeldReceive(qp);
  }

  void start(QpAttributes attributes) {
    answerer.start(attributes.rqPsn(), attributes.maxDestRdAtomic());
    answered.start(attributes.maxDestRdAtomic());
  }

  /** Changes how many READs and atomics may wait. */
  void limitReads(int most) {
    answered.limit(most);
  }

  void onRequest(Inbound packet) {
    if (answerer.hasRefused()) {
      return;
    }
    int ahead = Psn.diff(packet.psn, answerer.expectedPsn());
    if (ahead > 0) {
      core.counters.add(PortCounter.OUT_OF_SEQ_REQUEST);
      answerer.gap();
    } else if (ahead < 0) {
      core.counters.add(PortCounter.DUPLICATE_REQUEST);
      if (!answered.replay(packet)) {
        answerer.acknowledge();
      }
    } else {
      execute(packet);
    }
  }

  private void execute(Inbound packet) {
    int opcode = packet.opcode;
    if (message == Message.NO && answered.execute(packet)) {
      return;
    }
    if (!fitsMessage(opcode) || !packet.fitsMtu(qp.mtu)) {
      answerer.refuse(
          Aeth.NAK_INVALID_REQUEST, Opcode.name(opcode) + " out of place or of wrong length");
    } else if (Opcode.isSend(opcode)) {
      executeSend(packet);
    } else {
      executeWrite(packet);
    }
  }

  private boolean fitsMessage(int opcode) {
    boolean start = Opcode.isStart(opcode);
    if (Opcode.isSend(opcode)) {
      return start ? message == Message.NO : message == Message.SEND;
    }
    return Opcode.isWrite(opcode) && (start ? message == Message.NO : message == Message.WRITE);
  }

  private void executeSend(Inbound packet) {
    if (Opcode.isStart(packet.opcode)) {
      if (!receive.take()) {
        answerer.notReady();
        return;
      }
      received = 0;
    }
    int bytes = packet.payloadBytes;
    if (received + bytes > receive.entry.totalBytes()) {
      receive.fail(WcStatus.LOC_LEN_ERR);
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "a receive was too short");
      return;
    }
    MemoryStatus status =
        core.mover.scatter(
            qp.backend, receive.entry, received, bytes, packet.segment, packet.payloadOffset);
    if (status != MemoryStatus.OK) {
      receive.fail(WcStatus.LOC_PROT_ERR);
      answerer.refuse(
          Aeth.NAK_REMOTE_OPERATIONAL_ERROR, "a receive could not be written: " + status);
      return;
    }
    if (Opcode.hasIeth(packet.opcode) && !qp.backend.invalidateRemote(packet.immediateOrKey())) {
      receive.fail(WcStatus.REM_INV_REQ_ERR);
      answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "a key could not be made invalid");
      return;
    }
    received += bytes;
    message = Message.SEND;
    if (Opcode.isEnd(packet.opcode)) {
      deliver(packet, WcOpcode.RECV);
    }
    answerer.accepted(packet, 1);
  }

  private void executeWrite(Inbound packet) {
    if (Opcode.isStart(packet.opcode) && !beginWrite(packet)) {
      return;
    }
    int bytes = packet.payloadBytes;
    boolean end = Opcode.isEnd(packet.opcode);
    if (end ? bytes != writeLeft : bytes >= writeLeft) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "a WRITE does not have the length it announced");
      return;
    }
    boolean immediate = Opcode.hasImm(packet.opcode);
    if (immediate && !receive.take()) {
      answerer.notReady();
      return;
    }
    MemoryStatus status =
        core.mover.remote(
            qp.backend,
            writeKey,
            writeAddress,
            bytes,
            packet.segment,
            packet.payloadOffset,
            AccessFlags.REMOTE_WRITE);
    if (status != MemoryStatus.OK) {
      answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "WRITE refused: " + status);
      return;
    }
    writeAddress += bytes;
    writeLeft -= bytes;
    received += bytes;
    message = Message.WRITE;
    if (end) {
      if (immediate) {
        deliver(packet, WcOpcode.RECV_RDMA_WITH_IMM);
      } else {
        endMessage();
      }
    }
    answerer.accepted(packet, 1);
  }

  private boolean beginWrite(Inbound packet) {
    if ((qp.attributes.accessFlags() & AccessFlags.REMOTE_WRITE) == 0) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote WRITE");
      return false;
    }
    writeAddress = packet.rethVa();
    writeKey = packet.rethKey();
    writeLeft = packet.rethLength();
    received = 0;
    if (writeLeft > RcQp.MAX_MESSAGE_BYTES) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "WRITE of " + writeLeft + " bytes");
      return false;
    }
    MemoryStatus status =
        core.mover.checkRemote(
            qp.backend, writeKey, writeAddress, writeLeft, AccessFlags.REMOTE_WRITE);
    if (status != MemoryStatus.OK) {
      answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "WRITE refused: " + status);
      return false;
    }
    return true;
  }

  private void deliver(Inbound packet, WcOpcode opcode) {
    endMessage();
    receive.deliver(packet, opcode, (int) received, qp.destQpn);
  }

  private void endMessage() {
    message = Message.NO;
    answerer.messageDone();
  }

  void flush() {
    receive.flush();
    forget();
  }

  void forget() {
    message = Message.NO;
    receive.forget();
    answerer.forget();
    answered.forget();
  }
}
