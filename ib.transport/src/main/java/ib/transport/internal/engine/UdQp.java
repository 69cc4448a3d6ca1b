// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Gids;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;

/**
 * An unreliable datagram queue pair (specification 9.8.3): one packet a message, done when it is
 * sent. A receive begins with a 40-byte area for the {@link GrhArea}.
 */
final class UdQp extends BackedQp {
  /** A posted Q_Key with this bit means: use the queue pair's own (specification 10.2.5). */
  private static final int PRIVILEGED_QKEY = 0x8000_0000;

  private final SendWqe send = new SendWqe();
  private final RecvWqe receive = new RecvWqe();
  private final GrhArea grh;
  private boolean holdsSend;
  private boolean holdsReceive;
  private boolean kicked;
  private int psn;

  UdQp(EngineCore core, int qpn, QpBackend backend) {
    super(core, qpn, QpType.UD, backend);
    grh = new GrhArea(Gids.isV4(core.options.localHigh(), core.options.localLow()));
  }

  @Override
  void onModified(QpState from, QpState to, QpAttributes wanted) {
    if (from == QpState.RTR && to == QpState.RTS) {
      psn = attributes.sqPsn();
    }
  }

  @Override
  public void kickSend() {
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
  boolean wantsTurn() {
    return !destroyed
        && (wantsFlush() || (sends() && (holdsSend || (kicked && state() == QpState.RTS))));
  }

  @Override
  int transmit(PacketSink sink, int budget) {
    if (destroyed || !sends()) {
      return !destroyed && wantsFlush() ? flushPosted() : 0;
    }
    int sent = 0;
    while (sent < budget && sends() && pull() && sendHeld(sink)) {
      sent++;
    }
    return sent;
  }

  private boolean pull() {
    if (!holdsSend && kicked && state() == QpState.RTS) {
      holdsSend = backend.nextSend(send);
      kicked = holdsSend;
    }
    return holdsSend;
  }

  /** Sends the entry that is held; false if the sink is full or the entry is in error. */
  private boolean sendHeld(PacketSink sink) {
    boolean immediate = send.opcode() == WrOpcode.SEND_WITH_IMM;
    if (send.malformed() || (send.opcode() != WrOpcode.SEND && !immediate)) {
      return failSend(WcStatus.LOC_QP_OP_ERR);
    }
    if (send.totalBytes() > core.options.mtuBytes()) {
      return failSend(WcStatus.LOC_LEN_ERR);
    }
    int opcode = immediate ? Opcode.UD_SEND_ONLY_IMM : Opcode.UD_SEND_ONLY;
    int header = Opcode.headerLength(opcode);
    int bytes = (int) send.totalBytes();
    int pad = -bytes & 3;
    if (!sink.begin(send.destHigh(), send.destLow(), qpn(), header + bytes + pad)) {
      core.sinkFull = true;
      return false;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    if (core.mover.gather(backend, send, 0, bytes, out, at + header) != MemoryStatus.OK) {
      return failSend(WcStatus.LOC_PROT_ERR);
    }
    Bth.write(
        out, at, opcode, send.solicited(), pad, core.options.pkey(), send.remoteQpn(), false, psn);
    int qkey = (send.remoteQkey() & PRIVILEGED_QKEY) != 0 ? attributes.qkey() : send.remoteQkey();
    Deth.write(out, at + Bth.LENGTH, qkey, qpn());
    if (immediate) {
      ImmDt.write(out, at + Opcode.lastHeaderOffset(opcode), send.immediate());
    }
    Padding.write(out, at + header + bytes, pad);
    sink.commit();
    psn = Psn.next(psn);
    complete(WcStatus.SUCCESS, bytes);
    return true;
  }

  private boolean failSend(WcStatus status) {
    complete(status, 0);
    failSends("datagram could not be sent: " + status);
    return false;
  }

  private void complete(WcStatus status, int bytes) {
    holdsSend = false;
    if (status == WcStatus.SUCCESS) {
      core.counters.sendCompleted(send.opcode().wcOpcode());
    }
    backend.completeSend(send.cookie(), send.signaled(), status, send.opcode().wcOpcode(), bytes);
  }

  @Override
  void onPacket(Inbound packet) {
    if (!receives()) {
      core.counters.add(PortCounter.DROPPED_STATE);
    } else if (packet.dethQkey() != attributes.qkey()) {
      core.counters.add(PortCounter.DROPPED_QKEY);
    } else if (!takeReceive() || GrhArea.LENGTH + packet.payloadBytes > receive.totalBytes()) {
      // A receive that is too short is kept for the next datagram.
      core.counters.add(PortCounter.DROPPED_UD_NO_RECV);
    } else {
      core.counters.add(PortCounter.RCVD_PKTS);
      deliver(packet);
    }
  }

  private boolean takeReceive() {
    if (!holdsReceive) {
      holdsReceive = backend.nextReceive(receive);
    }
    return holdsReceive;
  }

  private void deliver(Inbound packet) {
    int bytes = packet.payloadBytes;
    grh.fill(packet);
    MemoryStatus status = core.mover.scatter(backend, receive, 0, GrhArea.LENGTH, grh.segment(), 0);
    if (status == MemoryStatus.OK) {
      status =
          core.mover.scatter(
              backend, receive, GrhArea.LENGTH, bytes, packet.segment, packet.payloadOffset);
    }
    holdsReceive = false;
    if (status != MemoryStatus.OK) {
      completeReceive(receive, WcStatus.LOC_PROT_ERR, 0);
      fail("a receive could not be written: " + status);
      return;
    }
    core.counters.add(PortCounter.RDMA_RECVS);
    backend.completeReceive(
        receive.cookie(),
        WcStatus.SUCCESS,
        WcOpcode.RECV,
        GrhArea.LENGTH + bytes,
        packet.wcFlags(),
        packet.immediateOrKey(),
        packet.dethSourceQpn(),
        packet.solicited);
  }

  @Override
  void onTimer() {
    // Datagrams are not repeated: no deadline is ever set.
  }

  @Override
  boolean isDrained() {
    return !holdsSend;
  }

  @Override
  void flushSendsInProgress() {
    if (holdsSend) {
      holdsSend = false;
      flush(send);
    }
  }

  @Override
  void flushReceivesInProgress() {
    if (holdsReceive) {
      holdsReceive = false;
      flush(receive);
    }
  }

  // Multicast.

  @Override
  public void attachMcast(long groupHigh, long groupLow) throws RdmaException {
    if (destroyed) {
      throw new RdmaException("QP " + qpn() + " was destroyed: create another");
    }
    if (!Gids.isMulticast(groupHigh, groupLow)
        || Gids.isV4(groupHigh, groupLow)
            != Gids.isV4(core.options.localHigh(), core.options.localLow())) {
      throw new RdmaException(
          "QP "
              + qpn()
              + ": "
              + Gids.address(groupHigh, groupLow)
              + " is no multicast address of the port's family: give one of 224.0.0.0/4 or ff00::/8");
    }
    core.groups.attach(this, groupHigh, groupLow);
  }

  @Override
  public void detachMcast(long groupHigh, long groupLow) throws RdmaException {
    if (!core.groups.detach(this, groupHigh, groupLow)) {
      throw new RdmaException(
          "QP " + qpn() + " is not attached to " + Gids.address(groupHigh, groupLow));
    }
  }

  @Override
  void onDestroy() {
    core.groups.detachAll(this);
  }

  @Override
  void forget() {
    holdsSend = false;
    holdsReceive = false;
    kicked = false;
  }
}
