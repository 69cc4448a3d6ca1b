// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/**
 * The responder of an unreliable connection (specification 9.8.2.2). A PSN that is not the expected
 * one, or a packet that is out of place, drops the message it belongs to; the next packet that
 * begins a message is right whatever its PSN. A message that can't be delivered is dropped too: the
 * sender is never told, and the receive it took serves the next message. Each packet that does not
 * serve is counted, and each message that the next one overtakes.
 */
final class UcResponder {
  private enum Message {
    NO,
    SEND,
    WRITE
  }

  private final UcQp qp;
  private final EngineCore core;
  private final HeldReceive receive;
  private Message message = Message.NO;
  private int expectedPsn;
  private long received;
  private long writeAddress;
  private int writeKey;
  private long writeLeft;

  UcResponder(UcQp qp) {
    this.qp = qp;
    core = qp.core;
    receive = new HeldReceive(qp);
  }

  void start(int psn) {
    expectedPsn = psn;
    message = Message.NO;
  }

  void onRequest(Inbound packet) {
    if (message != Message.NO && Opcode.isStart(packet.opcode)) {
      // The end of the message before is lost.
      core.counters.add(PortCounter.DROPPED_UC);
      message = Message.NO;
    }
    boolean inOrder = packet.psn == expectedPsn;
    expectedPsn = Psn.next(packet.psn);
    if (!inOrder) {
      core.counters.add(PortCounter.OUT_OF_SEQ_REQUEST);
      message = Message.NO;
    }
    boolean delivers =
        packet.fitsMtu(qp.mtu)
            && (Opcode.isSend(packet.opcode) ? executeSend(packet) : executeWrite(packet));
    if (!delivers) {
      core.counters.add(PortCounter.DROPPED_UC);
      message = Message.NO;
    }
  }

  private boolean executeSend(Inbound packet) {
    if (Opcode.isStart(packet.opcode)) {
      if (!receive.take()) {
        return false;
      }
      received = 0;
    } else if (message != Message.SEND) {
      return false;
    }
    int bytes = packet.payloadBytes;
    if (received + bytes > receive.entry.totalBytes()) {
      return false;
    }
    MemoryStatus status =
        core.mover.scatter(
            qp.backend, receive.entry, received, bytes, packet.segment, packet.payloadOffset);
    if (status != MemoryStatus.OK) {
      // Ours, not the peer's: a local error ends the queue pair (specification 9.9.3, class E).
      receive.fail(WcStatus.LOC_PROT_ERR);
      qp.fail("a receive could not be written: " + status);
      return false;
    }
    received += bytes;
    message = Message.SEND;
    if (Opcode.isEnd(packet.opcode)) {
      deliver(packet, WcOpcode.RECV);
    }
    return true;
  }

  private boolean executeWrite(Inbound packet) {
    if (!Opcode.isWrite(packet.opcode)) {
      return false;
    }
    if (Opcode.isStart(packet.opcode)) {
      if (!beginWrite(packet)) {
        return false;
      }
    } else if (message != Message.WRITE) {
      return false;
    }
    int bytes = packet.payloadBytes;
    boolean end = Opcode.isEnd(packet.opcode);
    boolean immediate = Opcode.hasImm(packet.opcode);
    if ((end ? bytes != writeLeft : bytes >= writeLeft) || (immediate && !receive.take())) {
      return false;
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
      return false;
    }
    writeAddress += bytes;
    writeLeft -= bytes;
    received += bytes;
    message = end ? Message.NO : Message.WRITE;
    if (immediate) {
      deliver(packet, WcOpcode.RECV_RDMA_WITH_IMM);
    }
    return true;
  }

  private boolean beginWrite(Inbound packet) {
    if ((qp.attributes.accessFlags() & AccessFlags.REMOTE_WRITE) == 0) {
      return false;
    }
    writeAddress = packet.rethVa();
    writeKey = packet.rethKey();
    writeLeft = packet.rethLength();
    received = 0;
    return writeLeft <= RcQp.MAX_MESSAGE_BYTES
        && core.mover.checkRemote(
                qp.backend, writeKey, writeAddress, writeLeft, AccessFlags.REMOTE_WRITE)
            == MemoryStatus.OK;
  }

  private void deliver(Inbound packet, WcOpcode opcode) {
    message = Message.NO;
    receive.deliver(packet, opcode, (int) received, qp.destQpn);
  }

  void flush() {
    receive.flush();
    message = Message.NO;
  }

  void forget() {
    receive.forget();
    message = Message.NO;
  }
}
