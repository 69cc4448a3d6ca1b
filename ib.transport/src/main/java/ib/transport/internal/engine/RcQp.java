// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import ib.transport.QpBackend;
import ib.transport.wire.Gids;
import ib.transport.wire.Opcode;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** A reliable connection: a requester and a responder that share the peer and the state. */
final class RcQp extends BackedQp {
  /**
   * Most READs outstanding in either direction: eight bits in the connection manager's messages.
   */
  static final int MAX_RD_ATOMIC = 255;

  /** Longest message; the specification has twice as much. */
  static final int MAX_MESSAGE_BYTES = 1 << 30;

  private final RcRequester requester;
  private final RcResponder responder;
  private final RcAnswerer answerer;
  final Congestion congestion = new Congestion(this);

  long peerHigh;
  long peerLow;
  int destQpn;
  int mtu;
  private @Nullable Window window;

  /** The sink was full before the answer had its turn. */
  private boolean answersFirst;

  RcQp(EngineCore core, int qpn, QpBackend backend) {
    super(core, qpn, QpType.RC, backend);
    requester = new RcRequester(this);
    answerer = new RcAnswerer(this);
    responder = new RcResponder(this, answerer);
  }

  @Override
  void onModified(QpState from, QpState to, QpAttributes wanted) {
    InetAddress peer = attributes.remoteAddress();
    if (wanted.has(QpAttributes.AV) && peer != null) {
      leaveWindow();
      peerHigh = Gids.high(peer);
      peerLow = Gids.low(peer);
      window = core.peers.join(peerHigh, peerLow);
    }
    if (from == QpState.INIT && to == QpState.RTR) {
      destQpn = attributes.destQpn();
      mtu = attributes.pathMtuBytes();
      responder.start(attributes);
    }
    Window peerWindow = window;
    if (from == QpState.RTR && to == QpState.RTS && peerWindow != null) {
      requester.start(attributes, peerWindow);
    }
    if (from == QpState.SQD && to == QpState.SQD && peerWindow != null) {
      requester.pathChanged(peerWindow);
      responder.limitReads(attributes.maxDestRdAtomic());
    }
    requester.setTimeout(attributes.timeoutCode());
  }

  @Override
  void onPacket(Inbound packet) {
    if (packet.sourceLow != peerLow || packet.sourceHigh != peerHigh) {
      // Before RTR there is no peer: that is a matter of state.
      core.counters.add(window == null ? PortCounter.DROPPED_STATE : PortCounter.DROPPED_ADDRESS);
    } else if (!receives()) {
      core.counters.add(PortCounter.DROPPED_STATE);
    } else {
      core.counters.add(PortCounter.RCVD_PKTS);
      hearOfPeer();
      congestion.onPacket(packet);
      if (Opcode.isRequest(packet.opcode)) {
        responder.onRequest(packet);
      } else if (Opcode.isResponse(packet.opcode) && sends()) {
        // In RTR there is nothing to answer: what comes is for a former life of this number.
        requester.onResponse(packet);
      }
    }
  }

  @Override
  public void kickSend() {
    if (state() == QpState.ERR) {
      wantFlush();
    } else {
      requester.kick();
      if (sends()) {
        core.ready.addLast(this);
      }
    }
  }

  @Override
  int transmit(PacketSink sink, int budget) {
    if (destroyed || !receives()) {
      int work = answerer.transmitAckLeft(sink);
      return !destroyed && wantsFlush() ? work + flushPosted() : work;
    }
    int work = congestion.transmit(sink, peerHigh, peerLow, destQpn);
    if (core.sinkFull) {
      return work;
    }
    boolean answers = answerer.wantsTurn();
    if (answers && answerer.isShort() && !answersFirst && sends()) {
      // A short answer behind a request goes in the same train.
      work += requester.transmit(sink, budget - 1);
      answersFirst = core.sinkFull;
      return core.sinkFull || !receives() ? work : work + answerer.transmit(sink, 1);
    }
    answersFirst = false;
    work += answerer.transmit(sink, answers && requester.wantsTurn() ? budget / 2 : budget);
    if (!core.sinkFull && sends()) {
      work += requester.transmit(sink, budget - work);
    }
    return work;
  }

  @Override
  boolean wantsTurn() {
    if (destroyed || !receives()) {
      return answerer.owesAck() || (!destroyed && wantsFlush());
    }
    return congestion.wantsTurn() || answerer.wantsTurn() || (sends() && requester.wantsTurn());
  }

  @Override
  void onTimer() {
    if (sends()) {
      requester.onTimer();
    }
  }

  @Override
  void onPaced() {
    requester.onPaced();
  }

  @Override
  void checkModify(QpState from, QpAttributes wanted) throws RdmaException {
    requireDrained(from, wanted, QpAttributes.AV | QpAttributes.MAX_QP_RD_ATOMIC);
  }

  @Override
  boolean isDrained() {
    return requester.isDrained();
  }

  @Override
  void flushSendsInProgress() {
    requester.flush();
  }

  @Override
  void flushReceivesInProgress() {
    responder.flush();
    leaveWindow();
  }

  @Override
  void forget() {
    requester.forget();
    responder.forget();
    leaveWindow();
  }

  private void leaveWindow() {
    core.reads.forget(this);
    congestion.forget();
    if (window != null) {
      window.forget(this);
      core.peers.leave(peerHigh, peerLow, window);
      window = null;
    }
  }
}
