// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.QpBackend;
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
final class UdQp extends UnreliableQp {
  /** A posted Q_Key with this bit means: use the queue pair's own (specification 10.2.5). */
  private static final int PRIVILEGED_QKEY = 0x8000_0000;

  private final HeldReceive receive = new HeldReceive(this);
  private final GrhArea grh;
  private final DatagramCongestion congestion = new DatagramCongestion(this);

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
  WcStatus begin(SendWqe entry) {
    WrOpcode opcode = entry.opcode();
    if (entry.malformed() || (opcode != WrOpcode.SEND && opcode != WrOpcode.SEND_WITH_IMM)) {
      return WcStatus.LOC_QP_OP_ERR;
    }
    return entry.totalBytes() > core.options.mtuBytes() ? WcStatus.LOC_LEN_ERR : WcStatus.SUCCESS;
  }

  @Override
  boolean sendPacket(PacketSink sink) {
    boolean immediate = send.opcode() == WrOpcode.SEND_WITH_IMM;
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
      failSend(WcStatus.LOC_PROT_ERR);
      return false;
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
    congestion.sent(header + bytes);
    psn = Psn.next(psn);
    complete(WcStatus.SUCCESS, bytes);
    return true;
  }

  @Override
  boolean owesNotification() {
    return congestion.wantsTurn();
  }

  @Override
  int sendNotifications(PacketSink sink) {
    return congestion.transmit(sink);
  }

  @Override
  boolean admits() {
    return congestion.admits();
  }

  @Override
  void forgetCongestion() {
    congestion.forget();
  }

  @Override
  void onPacket(Inbound packet) {
    if (!receives()) {
      core.counters.add(PortCounter.DROPPED_STATE);
    } else if (packet.opcode == Opcode.CNP) {
      core.counters.add(PortCounter.RCVD_PKTS);
      congestion.onNotification();
    } else if (packet.dethQkey() != attributes.qkey()) {
      core.counters.add(PortCounter.DROPPED_QKEY);
    } else if (packet.payloadBytes > core.options.mtuBytes()) {
      core.counters.add(PortCounter.DROPPED_UD_TOO_LONG);
    } else if (!receive.take()
        || GrhArea.LENGTH + packet.payloadBytes > receive.entry.totalBytes()) {
      // A receive that is too short is kept for the next datagram.
      core.counters.add(PortCounter.DROPPED_UD_NO_RECV);
    } else {
      core.counters.add(PortCounter.RCVD_PKTS);
      congestion.onDatagram(packet);
      deliver(packet);
    }
  }

  private void deliver(Inbound packet) {
    int bytes = packet.payloadBytes;
    grh.fill(packet);
    MemoryStatus status =
        core.mover.scatter(backend, receive.entry, 0, GrhArea.LENGTH, grh.segment(), 0);
    if (status == MemoryStatus.OK) {
      status =
          core.mover.scatter(
              backend, receive.entry, GrhArea.LENGTH, bytes, packet.segment, packet.payloadOffset);
    }
    if (status != MemoryStatus.OK) {
      receive.fail(WcStatus.LOC_PROT_ERR);
      fail("a receive could not be written: " + status);
      return;
    }
    receive.deliver(packet, WcOpcode.RECV, GrhArea.LENGTH + bytes, packet.dethSourceQpn());
  }

  @Override
  void flushReceivesInProgress() {
    receive.flush();
    congestion.forget();
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
  void forgetReceives() {
    receive.forget();
  }
}
