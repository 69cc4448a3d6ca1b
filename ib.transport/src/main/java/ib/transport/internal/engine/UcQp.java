// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.PortCounter;
import ib.transport.QpBackend;
import ib.transport.SendWqe;
import ib.transport.wire.Bth;
import ib.transport.wire.Gids;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.transport.wire.Reth;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * An unreliable connection (specification 9.8.2): SENDs and RDMA WRITEs of any length between two
 * queue pairs, without acknowledgements. A request is done when its last packet was sent; a message
 * of which a packet is missing is not delivered.
 */
final class UcQp extends UnreliableQp {
  private final UcResponder responder;
  private final Congestion congestion = new Congestion(this);

  /** Packets of the held entry, and how many of them were sent. */
  private int packets;

  private int sentPackets;

  long peerHigh;
  long peerLow;
  int destQpn;
  int mtu;
  private boolean hasPeer;

  UcQp(EngineCore core, int qpn, QpBackend backend) {
    super(core, qpn, QpType.UC, backend);
    responder = new UcResponder(this);
  }

  @Override
  void onModified(QpState from, QpState to, QpAttributes wanted) {
    InetAddress peer = attributes.remoteAddress();
    if (wanted.has(QpAttributes.AV) && peer != null) {
      peerHigh = Gids.high(peer);
      peerLow = Gids.low(peer);
      hasPeer = true;
    }
    if (from == QpState.INIT && to == QpState.RTR) {
      destQpn = attributes.destQpn();
      mtu = attributes.pathMtuBytes();
      responder.start(attributes.rqPsn());
    }
    if (from == QpState.RTR && to == QpState.RTS) {
      psn = attributes.sqPsn();
    }
  }

  @Override
  void checkModify(QpState from, QpAttributes wanted) throws RdmaException {
    requireDrained(from, wanted, QpAttributes.AV);
  }

  // Sending.

  @Override
  WcStatus begin(SendWqe entry) {
    packets = Psn.packets(entry.totalBytes(), mtu);
    sentPackets = 0;
    return unsendable();
  }

  private WcStatus unsendable() {
    WrOpcode opcode = send.opcode();
    boolean known =
        opcode == WrOpcode.SEND
            || opcode == WrOpcode.SEND_WITH_IMM
            || opcode == WrOpcode.RDMA_WRITE
            || opcode == WrOpcode.RDMA_WRITE_WITH_IMM
            || opcode.isLocal();
    if (send.malformed() || !known) {
      return WcStatus.LOC_QP_OP_ERR;
    }
    return send.totalBytes() > RcQp.MAX_MESSAGE_BYTES ? WcStatus.LOC_LEN_ERR : WcStatus.SUCCESS;
  }

  @Override
  boolean sendPacket(PacketSink sink) {
    if (send.opcode().isLocal()) {
      return executeLocal();
    }
    boolean last = sentPackets == packets - 1;
    long from = (long) sentPackets * mtu;
    int payload = last ? (int) (send.totalBytes() - from) : mtu;
    int pad = -payload & 3;
    int opcode = Opcode.UC | RcOpcodes.of(send.opcode(), sentPackets == 0, last);
    int header = Opcode.headerLength(opcode);
    if (!sink.begin(peerHigh, peerLow, qpn(), header + payload + pad)) {
      core.sinkFull = true;
      return false;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    if (core.mover.gather(backend, send, from, payload, out, at + header) != MemoryStatus.OK) {
      failSend(WcStatus.LOC_PROT_ERR);
      return false;
    }
    boolean solicited = last && send.solicited();
    Bth.write(out, at, opcode, solicited, pad, core.options.pkey(), destQpn, false, psn);
    if (Opcode.hasReth(opcode)) {
      Reth.write(out, at + Bth.LENGTH, send.remoteAddress(), send.rkey(), send.totalBytes());
    }
    if (Opcode.hasImm(opcode)) {
      ImmDt.write(out, at + Opcode.lastHeaderOffset(opcode), send.immediate());
    }
    Padding.write(out, at + header + payload, pad);
    sink.commit();
    congestion.sent(header + payload);
    psn = Psn.next(psn);
    sentPackets++;
    if (last) {
      complete(WcStatus.SUCCESS, (int) send.totalBytes());
    }
    return true;
  }

  /** An operation without packets; false if it failed. */
  private boolean executeLocal() {
    if (!backend.executeLocal(send)) {
      boolean bind = send.opcode() == WrOpcode.BIND_MW;
      failSend(bind ? WcStatus.MW_BIND_ERR : WcStatus.LOC_QP_OP_ERR);
      return false;
    }
    complete(WcStatus.SUCCESS, 0);
    return true;
  }

  @Override
  boolean owesNotification() {
    return congestion.wantsTurn();
  }

  @Override
  int sendNotifications(PacketSink sink) {
    return congestion.transmit(sink, peerHigh, peerLow, destQpn);
  }

  @Override
  boolean admits() {
    return congestion.admits();
  }

  @Override
  void forgetCongestion() {
    congestion.forget();
  }

  // Receiving.

  @Override
  void onPacket(Inbound packet) {
    if (!receives() || !hasPeer) {
      core.counters.add(PortCounter.DROPPED_STATE);
    } else if (packet.sourceLow != peerLow || packet.sourceHigh != peerHigh) {
      core.counters.add(PortCounter.DROPPED_ADDRESS);
    } else {
      core.counters.add(PortCounter.RCVD_PKTS);
      hearOfPeer();
      congestion.onPacket(packet);
      if (Opcode.isRequest(packet.opcode)) {
        responder.onRequest(packet);
      }
    }
  }

  @Override
  void flushReceivesInProgress() {
    responder.flush();
    congestion.forget();
  }

  @Override
  void forgetReceives() {
    hasPeer = false;
    responder.forget();
  }
}
