// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.transport.wire.CmApr;
import ib.transport.wire.CmDrep;
import ib.transport.wire.CmDreq;
import ib.transport.wire.CmLap;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmMra;
import ib.transport.wire.CmRej;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.CmRtu;
import ib.transport.wire.Gids;
import ib.transport.wire.Mad;
import ib.transport.wire.PathMtu;
import ib.transport.wire.RejReason;
import ib.transport.wire.ServiceId;
import ib.verbs.RejectReason;
import ib.verbs.SidrStatus;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What received messages do to the connections of a {@link CmEngine}. */
final class CmInbound {
  /** {@link CmApr#STATUS} (IBA vol. 1, 12.8.2, table of APR status values). */
  private static final int APR_INVALID_COMM_INSTANCE = 1;

  private static final int APR_NOT_SUPPORTED = 2;

  private static final int FIRST_QPN = 2;
  private static final byte[] NOTHING = {};

  private final CmEngine engine;

  CmInbound(CmEngine engine) {
    this.engine = engine;
  }

  void receive(long high, long low, MemorySegment mad, long off, long nowNs) {
    switch (Mad.ATTRIBUTE_ID.getInt(mad, off)) {
      case CmMessage.REQ -> onReq(high, low, mad, off, nowNs);
      case CmMessage.MRA -> onMra(high, low, mad, off, nowNs);
      case CmMessage.REJ -> onRej(high, low, mad, off, nowNs);
      case CmMessage.REP -> onRep(high, low, mad, off, nowNs);
      case CmMessage.RTU -> onRtu(high, low, mad, off);
      case CmMessage.DREQ -> onDreq(high, low, mad, off, nowNs);
      case CmMessage.DREP -> onDrep(high, low, mad, off, nowNs);
      case CmMessage.LAP -> onLap(high, low, mad, off);
      case CmMessage.SIDR_REQ -> engine.sidr.onReq(high, low, mad, off, nowNs);
      case CmMessage.SIDR_REP -> engine.sidr.onRep(high, low, mad, off);
      default -> engine.count(CmCounter.DROPPED_UNSUPPORTED);
    }
  }

  private @Nullable CmConn find(long high, long low, int localId, int remoteId) {
    CmConn conn = engine.table.byLocalId(localId);
    if (conn == null || !conn.isFrom(high, low) || conn.remoteId != remoteId) {
      return null;
    }
    return conn;
  }

  // Another version

  /** Whether it is a CM message but for its class version. */
  static boolean isOtherVersion(MemorySegment mad, long off, int lengthBytes) {
    return lengthBytes >= Mad.LENGTH
        && Mad.BASE_VERSION.get(mad, off) == Mad.VERSION
        && Mad.MANAGEMENT_CLASS.get(mad, off) == Mad.CLASS_CM
        && Mad.METHOD.get(mad, off) == Mad.METHOD_SEND;
  }

  /** Who begins something in another version of the CM is told which one we speak. */
  void refuseVersion(long high, long low, MemorySegment mad, long off) {
    byte[] ours = {Mad.CM_CLASS_VERSION};
    switch (Mad.ATTRIBUTE_ID.getInt(mad, off)) {
      case CmMessage.REQ ->
          refuse(high, low, mad, off, RejReason.INVALID_CLASS_VERSION.code(), ours);
      case CmMessage.SIDR_REQ ->
          engine.sidr.refuse(high, low, mad, off, SidrStatus.UNSUPPORTED_VERSION, ours);
      default -> {}
    }
  }

  // REQ

  private void onReq(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn known = engine.table.byRemoteId(high, low, CmReq.LOCAL_COMM_ID.getInt(mad, off));
    if (known != null && known.remoteGuid == CmReq.LOCAL_CA_GUID.get(mad, off)) {
      if (known.remoteQpn != CmReq.LOCAL_QPN.getInt(mad, off)) {
        // Not a repetition: another queue pair under an id that is taken.
        refuse(high, low, mad, off, RejectReason.DUPLICATE_LOCAL_COMM_ID, NOTHING);
        return;
      }
      engine.count(CmCounter.DUPLICATES);
      repeatedReq(known);
      return;
    }
    CmListener listener = engine.listener(CmReq.SERVICE_ID.get(mad, off));
    int reason = reasonToRefuse(high, low, mad, off, listener, nowNs);
    if (reason != 0 || listener == null) {
      refuse(high, low, mad, off, reason, information(reason));
      return;
    }
    PeerRequest request = CmMessages.readReq(mad, off, high, low);
    CmConn conn = new CmConn(false, CmState.REQ_RCVD, high, low, nowNs);
    conn.remoteId = CmReq.LOCAL_COMM_ID.getInt(mad, off);
    conn.remoteGuid = CmReq.LOCAL_CA_GUID.get(mad, off);
    conn.remoteQpn = request.qpn();
    conn.serviceId = listener.serviceId;
    conn.type = request.type();
    conn.sourcePort = CmIds.portOf(listener.serviceId);
    conn.remotePort = request.remoteAddress().getPort();
    conn.pathMtuBytes = request.pathMtuBytes();
    conn.alternatePath = CmMessages.hasAlternatePath(mad, off);
    conn.transactionId = Mad.TRANSACTION_ID.get(mad, off);
    conn.listener = listener;
    engine.learnReplyTimes(
        conn,
        CmReq.LOCAL_CM_RESPONSE_TIMEOUT.getInt(mad, off),
        CmReq.MAX_CM_RETRIES.getInt(mad, off));
    listener.pending++;
    engine.table.add(conn);
    engine.awaitAnswer(conn, request.responseTimeoutCode(), nowNs);
    engine.sink.onRequest(listener, conn, request, CmMessages.reqPrivateData(mad, off));
  }

  private void repeatedReq(CmConn conn) {
    MemorySegment message = conn.message;
    switch (conn.state) {
      case REQ_RCVD -> engine.sendMra(conn, CmMessages.OF_REQ);
      case REP_SENT, REFUSED -> {
        if (message != null) {
          engine.send(conn, message);
        }
      }
      case DREQ_SENT, TIMEWAIT ->
          engine.send(conn, CmMessages.rej(conn, CmMessages.OF_REQ, RejectReason.STALE_CONNECTION));
      case REQ_SENT, REP_RCVD, ESTABLISHED -> engine.count(CmCounter.DROPPED_STATE);
    }
  }

  /** The reason of the REJ, or 0 to let the listener see the request. */
  private int reasonToRefuse(
      long high, long low, MemorySegment mad, long off, @Nullable CmListener listener, long nowNs) {
    if (listener == null) {
      return RejectReason.INVALID_SERVICE_ID;
    }
    if (listener.datagrams || !isPossibleTransport(mad, off, listener.serviceId)) {
      return RejReason.INVALID_TRANSPORT_TYPE.code();
    }
    if (!Arrays.equals(
        CmReq.PRIMARY_REMOTE_GID.get(mad, off),
        Gids.bytes(engine.port.gidHigh(), engine.port.gidLow()))) {
      return RejReason.PRIMARY_GID.code();
    }
    if (CmReq.PRIMARY_HOP_LIMIT.getInt(mad, off) == 0) {
      return RejReason.INVALID_PRIMARY_HOP_LIMIT.code();
    }
    if (!CmMessages.hasRightAddresses(mad, off, engine.port, high, low)
        || !CmMessages.isOurPkey(CmReq.PKEY.getInt(mad, off))
        || CmReq.LOCAL_QPN.getInt(mad, off) < FIRST_QPN) {
      return RejReason.UNSUPPORTED.code();
    }
    int mtu = CmReq.PATH_MTU.getInt(mad, off);
    if (!PathMtu.isValidCode(mtu) || PathMtu.bytes(mtu) > engine.port.mtuBytes()) {
      return RejectReason.INVALID_PATH_MTU;
    }
    CmConn old =
        engine.table.byRemoteQp(
            high, low, CmReq.LOCAL_CA_GUID.get(mad, off), CmReq.LOCAL_QPN.getInt(mad, off));
    if (old != null) {
      dropStale(old, nowNs);
      return RejectReason.STALE_CONNECTION;
    }
    return listener.pending >= engine.config.maxPending() || engine.table.isFull()
        ? RejectReason.NO_RESOURCES
        : 0;
  }

  /** RC; UC too where the service id does not say that it is RC. */
  private static boolean isPossibleTransport(MemorySegment mad, long off, long serviceId) {
    int transport = CmReq.TRANSPORT.getInt(mad, off);
    boolean reliableOnly =
        ServiceId.isRdmaCm(serviceId) && ServiceId.portSpace(serviceId) == ServiceId.TCP;
    return transport == CmMessages.RC || (transport == CmMessages.UC && !reliableOnly);
  }

  /** The peer's queue pair begins anew, so what it was connected to before is gone. */
  private void dropStale(CmConn old, long nowNs) {
    if (old.state == CmState.ESTABLISHED || old.state == CmState.REP_SENT) {
      engine.disconnected(old, NOTHING);
      engine.sendDreq(old, NOTHING, nowNs);
    }
  }

  /** What a REJ adds to its reason: what would have been right (12.6.7.2). */
  private byte[] information(int reason) {
    if (reason == RejectReason.INVALID_PATH_MTU) {
      return new byte[] {(byte) PathMtu.code(engine.port.mtuBytes())};
    }
    if (reason == RejReason.PRIMARY_GID.code()) {
      return Gids.bytes(engine.port.gidHigh(), engine.port.gidLow());
    }
    return reason == RejReason.INVALID_PRIMARY_HOP_LIMIT.code()
        ? new byte[] {CmMessages.HOP_LIMIT}
        : NOTHING;
  }

  private void refuse(long high, long low, MemorySegment mad, long off, int reason, byte[] info) {
    engine.count(CmCounter.REFUSED);
    engine.send(
        high,
        low,
        CmMessages.rej(
            Mad.TRANSACTION_ID.get(mad, off),
            0,
            CmReq.LOCAL_COMM_ID.getInt(mad, off),
            CmMessages.OF_REQ,
            reason,
            info,
            NOTHING));
  }

  // REP, RTU, MRA

  private void onRep(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn conn = engine.table.byLocalId(CmRep.REMOTE_COMM_ID.getInt(mad, off));
    if (conn == null || !conn.active || !conn.isFrom(high, low)) {
      refuseRep(high, low, mad, off, RejReason.INVALID_COMM_ID.code());
    } else if (conn.state == CmState.REQ_SENT) {
      firstRep(conn, mad, off, nowNs);
    } else if (conn.state == CmState.REFUSED) {
      refuseRep(high, low, mad, off, RejectReason.TIMEOUT);
    } else if (conn.remoteId == CmRep.LOCAL_COMM_ID.getInt(mad, off)) {
      engine.count(CmCounter.DUPLICATES);
      repeatedRep(conn);
    } else {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
    }
  }

  private void firstRep(CmConn conn, MemorySegment mad, long off, long nowNs) {
    long guid = CmRep.LOCAL_CA_GUID.get(mad, off);
    int qpn = CmRep.LOCAL_QPN.getInt(mad, off);
    CmConn old = engine.table.byRemoteQp(conn.remoteHigh, conn.remoteLow, guid, qpn);
    conn.remoteId = CmRep.LOCAL_COMM_ID.getInt(mad, off);
    if (qpn < FIRST_QPN) {
      engine.sendRej(conn, CmMessages.OF_REP, RejReason.UNSUPPORTED.code());
      engine.toRefused(conn, nowNs);
      engine.failed(conn, CmTexts.noQueuePair(conn, engine.port, qpn));
      return;
    }
    conn.remoteQpn = qpn;
    conn.dueNs = AgentTask.NO_DEADLINE;
    if (old != null) {
      dropStale(old, nowNs);
      engine.sendRej(conn, CmMessages.OF_REP, RejectReason.STALE_CONNECTION);
      engine.toRefused(conn, nowNs);
      engine.failed(conn, CmTexts.stalePeer(conn, engine.port));
      return;
    }
    conn.remoteGuid = guid;
    conn.state = CmState.REP_RCVD;
    engine.table.learnQp(conn);
    engine.sink.onReply(conn, CmMessages.readRep(mad, off, conn), CmRep.PRIVATE_DATA.get(mad, off));
  }

  private void repeatedRep(CmConn conn) {
    MemorySegment message = conn.message;
    if (conn.state == CmState.REP_RCVD) {
      engine.sendMra(conn, CmMessages.OF_REP);
    } else if (conn.state != CmState.DREQ_SENT && message != null) {
      // The RTU; in timewait what ended the connection.
      engine.send(conn, message);
    }
  }

  private void refuseRep(long high, long low, MemorySegment mad, long off, int reason) {
    engine.count(CmCounter.DROPPED_UNKNOWN_ID);
    engine.send(
        high,
        low,
        CmMessages.rej(
            Mad.TRANSACTION_ID.get(mad, off),
            CmRep.REMOTE_COMM_ID.getInt(mad, off),
            CmRep.LOCAL_COMM_ID.getInt(mad, off),
            CmMessages.OF_REP,
            reason,
            NOTHING,
            NOTHING));
  }

  private void onRtu(long high, long low, MemorySegment mad, long off) {
    CmConn conn =
        find(
            high, low, CmRtu.REMOTE_COMM_ID.getInt(mad, off), CmRtu.LOCAL_COMM_ID.getInt(mad, off));
    if (conn == null) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
    } else if (conn.state == CmState.REP_SENT) {
      engine.established(conn, CmRtu.PRIVATE_DATA.get(mad, off));
    } else {
      engine.count(CmCounter.DUPLICATES);
    }
  }

  private void onMra(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn conn = engine.table.byLocalId(CmMra.REMOTE_COMM_ID.getInt(mad, off));
    int of = CmMra.MESSAGE.getInt(mad, off);
    if (conn == null || !conn.isFrom(high, low)) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
    } else if ((conn.state == CmState.REQ_SENT && of == CmMessages.OF_REQ)
        || (conn.state == CmState.REP_SENT && of == CmMessages.OF_REP)) {
      int timeoutCode = CmMra.SERVICE_TIMEOUT.getInt(mad, off);
      engine.extend(conn, timeoutCode, CmMra.PRIVATE_DATA.get(mad, off), nowNs);
    } else {
      engine.count(CmCounter.DROPPED_STATE);
    }
  }

  /** No path but the primary one is ever used, as over RoCE in general. */
  private void onLap(long high, long low, MemorySegment mad, long off) {
    CmConn conn =
        find(
            high, low, CmLap.REMOTE_COMM_ID.getInt(mad, off), CmLap.LOCAL_COMM_ID.getInt(mad, off));
    if (conn == null) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
      engine.send(high, low, CmMessages.apr(mad, off, APR_INVALID_COMM_INSTANCE));
    } else if (conn.state == CmState.ESTABLISHED || conn.state == CmState.REP_SENT) {
      engine.count(CmCounter.REFUSED);
      engine.send(high, low, CmMessages.apr(mad, off, APR_NOT_SUPPORTED));
    } else {
      engine.count(CmCounter.DROPPED_STATE);
    }
  }

  // REJ

  private void onRej(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn conn = rejectedConnection(high, low, mad, off);
    if (conn == null) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
      return;
    }
    int reason = CmRej.REASON.getInt(mad, off);
    byte[] privateData = CmRej.PRIVATE_DATA.get(mad, off);
    switch (conn.state) {
      case REQ_SENT -> rejectedReq(conn, reason, privateData, mad, off, nowNs);
      case REQ_RCVD -> {
        engine.answered(conn);
        conn.message = CmMessages.rej(conn, CmMessages.OF_REQ, RejectReason.TIMEOUT);
        engine.toRefused(conn, nowNs);
      }
      case REP_RCVD, REP_SENT -> {
        conn.message = null;
        engine.toTimewait(conn, nowNs);
        engine.rejected(conn, reason, privateData);
      }
      case ESTABLISHED -> {
        conn.message = null;
        engine.toTimewait(conn, nowNs);
        engine.disconnected(conn, privateData);
      }
      case DREQ_SENT -> {
        engine.toTimewait(conn, nowNs);
        engine.left(conn, NOTHING);
      }
      case TIMEWAIT, REFUSED -> engine.count(CmCounter.DUPLICATES);
    }
  }

  private @Nullable CmConn rejectedConnection(long high, long low, MemorySegment mad, long off) {
    int localId = CmRej.REMOTE_COMM_ID.getInt(mad, off);
    int remoteId = CmRej.LOCAL_COMM_ID.getInt(mad, off);
    if (localId == 0) {
      // The peer never saw our id: it gave up before our first answer came.
      return engine.table.byRemoteId(high, low, remoteId);
    }
    CmConn conn = engine.table.byLocalId(localId);
    if (conn == null || !conn.isFrom(high, low)) {
      return null;
    }
    boolean known = conn.remoteId == 0 || remoteId == 0 || conn.remoteId == remoteId;
    return known ? conn : null;
  }

  private void rejectedReq(
      CmConn conn, int reason, byte[] privateData, MemorySegment mad, long off, long nowNs) {
    ConnectSpec spec = conn.spec;
    int smaller = PathMtu.code(conn.pathMtuBytes) - 1;
    if (reason == RejectReason.INVALID_PATH_MTU && spec != null && smaller >= PathMtu.MTU_256) {
      int offered = CmRej.INFO_LENGTH.getInt(mad, off) > 0 ? CmRej.ARI.get(mad, off)[0] : smaller;
      boolean usable = offered >= PathMtu.MTU_256 && offered < smaller;
      engine.connectWithMtu(conn, spec, PathMtu.bytes(usable ? offered : smaller), nowNs);
      return;
    }
    engine.table.remove(conn);
    // Its application may end it before it hears of that: nothing is left to do then.
    conn.state = CmState.REFUSED;
    engine.rejected(conn, reason, privateData);
  }

  // DREQ, DREP

  private void onDreq(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn conn =
        find(
            high,
            low,
            CmDreq.REMOTE_COMM_ID.getInt(mad, off),
            CmDreq.LOCAL_COMM_ID.getInt(mad, off));
    if (conn == null) {
      // Forgotten since; the peer waits for an answer nevertheless.
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
      engine.send(high, low, CmMessages.drep(mad, off, NOTHING));
      return;
    }
    if (conn.localQpn != CmDreq.REMOTE_QPN.getInt(mad, off)) {
      engine.count(CmCounter.DROPPED_STATE);
      return;
    }
    byte[] privateData = CmDreq.PRIVATE_DATA.get(mad, off);
    switch (conn.state) {
      case REP_RCVD, REP_SENT, ESTABLISHED -> {
        conn.message = null;
        conn.dueNs = AgentTask.NO_DEADLINE;
        engine.send(high, low, CmMessages.drep(mad, off, conn.disconnectAnswer));
        engine.toTimewait(conn, nowNs);
        engine.disconnected(conn, privateData);
      }
      case DREQ_SENT -> {
        engine.send(high, low, CmMessages.drep(mad, off, conn.disconnectAnswer));
        engine.toTimewait(conn, nowNs);
        engine.left(conn, privateData);
      }
      case TIMEWAIT, REFUSED -> {
        engine.count(CmCounter.DUPLICATES);
        engine.send(high, low, CmMessages.drep(mad, off, conn.disconnectAnswer));
      }
      case REQ_SENT, REQ_RCVD -> engine.count(CmCounter.DROPPED_STATE);
    }
  }

  private void onDrep(long high, long low, MemorySegment mad, long off, long nowNs) {
    CmConn conn =
        find(
            high,
            low,
            CmDrep.REMOTE_COMM_ID.getInt(mad, off),
            CmDrep.LOCAL_COMM_ID.getInt(mad, off));
    if (conn == null) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
    } else if (conn.state == CmState.DREQ_SENT) {
      engine.toTimewait(conn, nowNs);
      engine.left(conn, CmDrep.PRIVATE_DATA.get(mad, off));
    } else {
      engine.count(CmCounter.DUPLICATES);
    }
  }
}
