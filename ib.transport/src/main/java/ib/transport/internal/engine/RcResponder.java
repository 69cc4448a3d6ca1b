// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.RecvWqe;
import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicAckEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Feth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.FlushPlacement;
import ib.verbs.QpAttributes;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import java.lang.foreign.MemorySegment;

/**
 * The responder of a reliable connection (specification 9.7.4): executes requests in PSN order,
 * once each, and answers. Answers are made when the port sends, so that one acknowledgement answers
 * a batch.
 */
final class RcResponder {
  private static final int NONE = -1;

  private enum Message {
    NO,
    SEND,
    WRITE
  }

  private final RcQp qp;
  private final EngineCore core;
  private final Answers answers = new Answers();
  private final SavedAtomics atomics = new SavedAtomics();
  private final RecvWqe receive = new RecvWqe();

  private int expectedPsn;
  private int msn;

  /** What is being received, and how far it is. */
  private Message message = Message.NO;

  private boolean holdsReceive;
  private long received;
  private long writeAddress;
  private int writeKey;
  private long writeLeft;

  // Answers that wait to be sent.
  private boolean ackPending;
  private int nakSyndrome = NONE;

  /** The queue pair ended before its acknowledgement was sent; it goes out all the same. */
  private boolean ackLeft;

  /** A NAK was sent and the expected PSN has not come since: more of them would say nothing new. */
  private boolean nakSent;

  /** Why the queue pair goes into ERR once the NAK is sent; empty if all is well. */
  private String fatal = "";

  RcResponder(RcQp qp) {
    this.qp = qp;
    core = qp.core;
  }

  void start(QpAttributes attributes) {
    ackLeft = false;
    expectedPsn = attributes.rqPsn();
    msn = 0;
    answers.start(attributes.maxDestRdAtomic());
    atomics.start(attributes.maxDestRdAtomic());
  }

  /** Changes how many READs and atomics may wait. */
  void limitReads(int most) {
    answers.limit(most);
    atomics.limit(most);
  }

  boolean wantsTurn() {
    // Answers go in order: what follows a READ waits with it while the rate admits no data.
    return answers.isEmpty() ? ackPending || nakSyndrome != NONE : !qp.paced;
  }

  /** Whether all that there is to answer is one acknowledgement. */
  boolean isShort() {
    return answers.isEmpty();
  }

  private void wake() {
    core.ready.addLast(qp);
  }

  // Requests.

  void onRequest(Inbound packet) {
    if (!fatal.isEmpty()) {
      return;
    }
    int ahead = Psn.diff(packet.psn, expectedPsn);
    if (ahead > 0) {
      core.counters.add(PortCounter.OUT_OF_SEQ_REQUEST);
      if (!nakSent) {
        nak(Aeth.NAK_PSN_SEQUENCE_ERROR);
      }
    } else if (ahead < 0) {
      core.counters.add(PortCounter.DUPLICATE_REQUEST);
      onDuplicate(packet);
    } else {
      execute(packet);
    }
  }

  private void onDuplicate(Inbound packet) {
    switch (packet.opcode) {
      case Opcode.READ_REQUEST -> replay(packet);
      case Opcode.COMPARE_SWAP, Opcode.FETCH_ADD -> replayAtomic(packet);
      case Opcode.ATOMIC_WRITE, Opcode.FLUSH -> {
        if (!answers.rewindTo(packet.psn)) {
          answers.replayShort(packet.psn, Opcode.READ_RESPONSE_ONLY, 0);
        }
      }
      default -> ackPending = true;
    }
    wake();
  }

  /** Answered as the first time; one whose answer is not saved any more is dropped. */
  private void replayAtomic(Inbound packet) {
    if (!answers.rewindTo(packet.psn) && atomics.find(packet.psn)) {
      answers.replayShort(packet.psn, Opcode.ATOMIC_ACK, atomics.original());
    }
  }

  private void execute(Inbound packet) {
    int opcode = packet.opcode;
    if (message == Message.NO && executeAnswered(packet)) {
      return;
    }
    if (!fitsMessage(opcode) || !fitsMtu(packet)) {
      refuse(Aeth.NAK_INVALID_REQUEST, Opcode.name(opcode) + " out of place or of wrong length");
    } else if (Opcode.isSend(opcode)) {
      executeSend(packet);
    } else {
      executeWrite(packet);
    }
  }

  /** Requests that are answered with more than an acknowledgement; false if it is none. */
  private boolean executeAnswered(Inbound packet) {
    switch (packet.opcode) {
      case Opcode.READ_REQUEST -> executeRead(packet);
      case Opcode.COMPARE_SWAP, Opcode.FETCH_ADD -> executeAtomic(packet);
      case Opcode.ATOMIC_WRITE -> executeAtomicWrite(packet);
      case Opcode.FLUSH -> executeFlush(packet);
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean fitsMessage(int opcode) {
    boolean start = Opcode.isStart(opcode);
    if (Opcode.isSend(opcode)) {
      return start ? message == Message.NO : message == Message.SEND;
    }
    return Opcode.isWrite(opcode) && (start ? message == Message.NO : message == Message.WRITE);
  }

  private boolean fitsMtu(Inbound packet) {
    int bytes = packet.payloadBytes;
    if (Opcode.isEnd(packet.opcode)) {
      return bytes <= qp.mtu && (bytes > 0 || Opcode.isOnly(packet.opcode));
    }
    return bytes == qp.mtu;
  }

  private void executeSend(Inbound packet) {
    if (Opcode.isStart(packet.opcode)) {
      if (!takeReceive()) {
        notReady();
        return;
      }
      received = 0;
    }
    int bytes = packet.payloadBytes;
    if (received + bytes > receive.totalBytes()) {
      endReceive(WcStatus.LOC_LEN_ERR);
      refuse(Aeth.NAK_INVALID_REQUEST, "a receive was too short");
      return;
    }
    MemoryStatus status =
        core.mover.scatter(
            qp.backend, receive, received, bytes, packet.segment, packet.payloadOffset);
    if (status != MemoryStatus.OK) {
      endReceive(WcStatus.LOC_PROT_ERR);
      refuse(Aeth.NAK_REMOTE_OPERATIONAL_ERROR, "a receive could not be written: " + status);
      return;
    }
    if (Opcode.hasIeth(packet.opcode) && !qp.backend.invalidateRemote(packet.immediateOrKey())) {
      endReceive(WcStatus.REM_INV_REQ_ERR);
      refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "a key could not be made invalid");
      return;
    }
    received += bytes;
    message = Message.SEND;
    if (Opcode.isEnd(packet.opcode)) {
      deliver(packet, WcOpcode.RECV, (int) received);
    }
    accepted(packet, 1);
  }

  private void executeWrite(Inbound packet) {
    if (Opcode.isStart(packet.opcode) && !beginWrite(packet)) {
      return;
    }
    int bytes = packet.payloadBytes;
    boolean end = Opcode.isEnd(packet.opcode);
    if (end ? bytes != writeLeft : bytes >= writeLeft) {
      refuse(Aeth.NAK_INVALID_REQUEST, "a WRITE does not have the length it announced");
      return;
    }
    boolean immediate = Opcode.hasImm(packet.opcode);
    if (immediate && !takeReceive()) {
      notReady();
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
      refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "WRITE refused: " + status);
      return;
    }
    writeAddress += bytes;
    writeLeft -= bytes;
    received += bytes;
    message = Message.WRITE;
    if (end) {
      if (immediate) {
        deliver(packet, WcOpcode.RECV_RDMA_WITH_IMM, (int) received);
      } else {
        endMessage();
      }
    }
    accepted(packet, 1);
  }

  private boolean beginWrite(Inbound packet) {
    if ((qp.attributes.accessFlags() & AccessFlags.REMOTE_WRITE) == 0) {
      refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote WRITE");
      return false;
    }
    writeAddress = packet.rethVa();
    writeKey = packet.rethKey();
    writeLeft = packet.rethLength();
    received = 0;
    if (writeLeft > RcQp.MAX_MESSAGE_BYTES) {
      refuse(Aeth.NAK_INVALID_REQUEST, "WRITE of " + writeLeft + " bytes");
      return false;
    }
    MemoryStatus status =
        core.mover.checkRemote(
            qp.backend, writeKey, writeAddress, writeLeft, AccessFlags.REMOTE_WRITE);
    if (status != MemoryStatus.OK) {
      refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "WRITE refused: " + status);
      return false;
    }
    return true;
  }

  private void executeRead(Inbound packet) {
    long bytes = packet.rethLength();
    if ((qp.attributes.accessFlags() & AccessFlags.REMOTE_READ) == 0) {
      refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote READ");
    } else if (bytes > RcQp.MAX_MESSAGE_BYTES) {
      refuse(Aeth.NAK_INVALID_REQUEST, "READ of " + bytes + " bytes");
    } else if (!answers.admits()) {
      refuse(Aeth.NAK_INVALID_REQUEST, "more READs than responder resources");
    } else {
      MemoryStatus status =
          core.mover.checkRemote(
              qp.backend, packet.rethKey(), packet.rethVa(), bytes, AccessFlags.REMOTE_READ);
      if (status != MemoryStatus.OK) {
        refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "READ refused: " + status);
        return;
      }
      answers.add(packet.psn, packet.rethVa(), packet.rethKey(), (int) bytes, qp.mtu);
      msn = Psn.next(msn);
      ackPending = false;
      accepted(packet, Psn.packets(bytes, qp.mtu));
      // The response is the acknowledgement.
      wake();
    }
  }

  private boolean admitsRight(int right) {
    return (qp.attributes.accessFlags() & right) == right;
  }

  private void executeAtomic(Inbound packet) {
    if (!admitsRight(AccessFlags.REMOTE_ATOMIC)) {
      refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no atomics");
    } else if ((packet.atomicVa() & (Long.BYTES - 1)) != 0) {
      refuse(Aeth.NAK_INVALID_REQUEST, "an atomic at an address that is no multiple of 8");
    } else if (!answers.admits()) {
      refuse(Aeth.NAK_INVALID_REQUEST, "more READs and atomics than responder resources");
    } else {
      MemoryStatus status =
          core.mover.atomic(
              qp.backend,
              packet.atomicKey(),
              packet.atomicVa(),
              packet.opcode == Opcode.COMPARE_SWAP,
              packet.atomicSwapOrAdd(),
              packet.atomicCompare());
      if (status != MemoryStatus.OK) {
        refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "atomic refused: " + status);
        return;
      }
      atomics.add(packet.psn, core.mover.original());
      answer(packet, Opcode.ATOMIC_ACK, core.mover.original());
    }
  }

  private void executeAtomicWrite(Inbound packet) {
    if (!admitsRight(AccessFlags.REMOTE_WRITE)) {
      refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote WRITE");
    } else if (packet.payloadBytes != Long.BYTES
        || packet.rethLength() != Long.BYTES
        || (packet.rethVa() & (Long.BYTES - 1)) != 0
        || !answers.admitsShort()) {
      refuse(Aeth.NAK_INVALID_REQUEST, "ATOMIC WRITE takes 8 bytes to a multiple of 8, in turn");
    } else {
      MemoryStatus status =
          core.mover.atomicWrite(
              qp.backend, packet.rethKey(), packet.rethVa(), packet.segment, packet.payloadOffset);
      if (status != MemoryStatus.OK) {
        refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "ATOMIC WRITE refused: " + status);
        return;
      }
      answer(packet, Opcode.READ_RESPONSE_ONLY, 0);
    }
  }

  private void executeFlush(Inbound packet) {
    int placement = Feth.placement(packet.feth());
    int level = Feth.level(packet.feth());
    int need =
        ((placement & FlushPlacement.GLOBAL) != 0 ? AccessFlags.FLUSH_GLOBAL : 0)
            | ((placement & FlushPlacement.PERSISTENT) != 0 ? AccessFlags.FLUSH_PERSISTENT : 0);
    if (need == 0 || placement > (FlushPlacement.GLOBAL | FlushPlacement.PERSISTENT)) {
      refuse(Aeth.NAK_INVALID_REQUEST, "FLUSH with placement type " + placement);
    } else if (level > Feth.LEVEL_MR) {
      refuse(Aeth.NAK_INVALID_REQUEST, "FLUSH with selectivity level " + level);
    } else if (!admitsRight(need) || !answers.admitsShort()) {
      refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no such FLUSH");
    } else {
      MemoryStatus status =
          level == Feth.LEVEL_MR
              ? core.mover.flushRegion(qp.backend, packet.rethKey(), need)
              : core.mover.flush(
                  qp.backend, packet.rethKey(), packet.rethVa(), packet.rethLength(), need);
      if (status != MemoryStatus.OK) {
        refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "FLUSH refused: " + status);
        return;
      }
      answer(packet, Opcode.READ_RESPONSE_ONLY, 0);
    }
  }

  /** The answer is the acknowledgement. */
  private void answer(Inbound packet, int opcode, long value) {
    answers.addShort(packet.psn, opcode, value);
    msn = Psn.next(msn);
    ackPending = false;
    accepted(packet, 1);
    wake();
  }

  /** Answers a READ again from memory, as far as it lies before what is expected next. */
  private void replay(Inbound packet) {
    long bytes = packet.rethLength();
    if (bytes > RcQp.MAX_MESSAGE_BYTES
        || (qp.attributes.accessFlags() & AccessFlags.REMOTE_READ) == 0
        || Psn.isAfter(Psn.add(packet.psn, Psn.packets(bytes, qp.mtu)), expectedPsn)) {
      return;
    }
    if (answers.rewindTo(packet.psn)) {
      return;
    }
    // A late copy may ask for memory that was given back since: that is no error of the peer.
    MemoryStatus status =
        core.mover.checkRemote(
            qp.backend, packet.rethKey(), packet.rethVa(), bytes, AccessFlags.REMOTE_READ);
    if (status == MemoryStatus.OK) {
      answers.addReplay(packet.psn, packet.rethVa(), packet.rethKey(), (int) bytes, qp.mtu);
    }
  }

  private boolean takeReceive() {
    if (!holdsReceive) {
      holdsReceive = qp.backend.nextReceive(receive);
    }
    return holdsReceive;
  }

  private void deliver(Inbound packet, WcOpcode opcode, int bytes) {
    endMessage();
    holdsReceive = false;
    core.counters.add(PortCounter.RDMA_RECVS);
    qp.backend.completeReceive(
        receive.cookie(),
        WcStatus.SUCCESS,
        opcode,
        bytes,
        packet.wcFlags(),
        packet.immediateOrKey(),
        qp.destQpn,
        packet.solicited);
  }

  private void endMessage() {
    message = Message.NO;
    msn = Psn.next(msn);
  }

  private void endReceive(WcStatus status) {
    holdsReceive = false;
    qp.completeReceive(receive, status, 0);
  }

  private void accepted(Inbound packet, int psns) {
    expectedPsn = Psn.add(expectedPsn, psns);
    // What was missing came after all, before the NAK went out.
    boolean acknowledge = packet.ackReq || nakSyndrome != NONE;
    nakSyndrome = NONE;
    nakSent = false;
    if (acknowledge && !answers.endsWith(packet.psn)) {
      ackPending = true;
      wake();
    }
  }

  private void notReady() {
    core.counters.add(PortCounter.SEND_RNR_ERR);
    nak(Aeth.rnrNak(qp.attributes.minRnrTimer()));
  }

  private void nak(int syndrome) {
    nakSyndrome = syndrome;
    nakSent = true;
    wake();
  }

  private void refuse(int syndrome, String cause) {
    fatal = cause;
    nak(syndrome);
  }

  // Answers.

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

  // The end.

  void flush() {
    if (holdsReceive) {
      endReceive(WcStatus.WR_FLUSH_ERR);
    }
    forget();
  }

  void forget() {
    if (ackPending && isShort() && nakSyndrome == NONE) {
      ackLeft = true;
      wake();
    }
    message = Message.NO;
    holdsReceive = false;
    ackPending = false;
    nakSyndrome = NONE;
    nakSent = false;
    fatal = "";
    answers.clear();
    atomics.clear();
  }
}
