// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

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
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.ServiceId;
import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.Arrays;

/**
 * Makes and reads CM messages (IBA vol. 1, 12.6; annex A11 for the addresses in the private data).
 */
final class CmMessages {
  /** {@link CmRej#MESSAGE} and {@link CmMra#MESSAGE}: a REQ. */
  static final int OF_REQ = 0;

  /** {@link CmRej#MESSAGE} and {@link CmMra#MESSAGE}: a REP. */
  static final int OF_REP = 1;

  /** {@link CmRej#MESSAGE}: no message. */
  static final int OF_NONE = 2;

  private static final int PERMISSIVE_LID = 0xFFFF;

  /** The default partition, full member. */
  static final int DEFAULT_PKEY = 0xFFFF;

  /** {@link CmReq#TRANSPORT}: reliable connection. */
  static final int RC = 0;

  /** {@link CmReq#TRANSPORT}: unreliable connection. */
  static final int UC = 1;

  private static final int PKEY_NUMBER = 0x7FFF;

  /** {@link CmRep#FAILOVER_ACCEPTED}: there was an alternate path, and it is not used. */
  private static final int FAILOVER_NOT_SUPPORTED = 1;

  /** Hop limit that we ask for. */
  static final byte HOP_LIMIT = 64;

  private static final byte[] NOTHING = {};

  private CmMessages() {}

  private static MemorySegment mad(int attributeId, long transactionId) {
    MemorySegment mad = MemorySegment.ofArray(new byte[Mad.LENGTH]);
    Mad.writeCm(mad, 0, attributeId, transactionId);
    return mad;
  }

  static MemorySegment req(
      CmConn conn, ConnectSpec spec, CmPort port, CmConfig config, int sourcePort) {
    MemorySegment mad = mad(CmMessage.REQ, conn.transactionId);
    ConnectParams params = spec.params();
    CmReq.LOCAL_COMM_ID.set(mad, 0, conn.localId);
    CmReq.SERVICE_ID.set(mad, 0, spec.serviceId());
    CmReq.LOCAL_CA_GUID.set(mad, 0, port.guid());
    CmReq.LOCAL_QPN.set(mad, 0, spec.qpn());
    CmReq.RESPONDER_RESOURCES.set(mad, 0, params.responderResources());
    CmReq.INITIATOR_DEPTH.set(mad, 0, params.initiatorDepth());
    CmReq.REMOTE_CM_RESPONSE_TIMEOUT.set(mad, 0, config.responseTimeoutCode());
    CmReq.TRANSPORT.set(mad, 0, spec.type() == QpType.UC ? UC : RC);
    CmReq.STARTING_PSN.set(mad, 0, conn.localPsn);
    CmReq.LOCAL_CM_RESPONSE_TIMEOUT.set(mad, 0, config.responseTimeoutCode());
    CmReq.RETRY_COUNT.set(mad, 0, params.retryCount());
    CmReq.PKEY.set(mad, 0, DEFAULT_PKEY);
    CmReq.PATH_MTU.set(mad, 0, PathMtu.code(conn.pathMtuBytes));
    CmReq.RNR_RETRY_COUNT.set(mad, 0, params.rnrRetryCount());
    CmReq.MAX_CM_RETRIES.set(mad, 0, config.maxRetries());
    path(mad, port, conn, params.ackTimeoutCode());
    privateData(mad, spec, port, sourcePort);
    return mad;
  }

  private static void path(MemorySegment mad, CmPort port, CmConn conn, int ackTimeoutCode) {
    CmReq.PRIMARY_LOCAL_LID.set(mad, 0, PERMISSIVE_LID);
    CmReq.PRIMARY_REMOTE_LID.set(mad, 0, PERMISSIVE_LID);
    CmReq.PRIMARY_LOCAL_GID.set(mad, 0, Gids.bytes(port.gidHigh(), port.gidLow()));
    CmReq.PRIMARY_REMOTE_GID.set(mad, 0, Gids.bytes(conn.remoteHigh, conn.remoteLow));
    CmReq.PRIMARY_HOP_LIMIT.set(mad, 0, HOP_LIMIT);
    CmReq.PRIMARY_LOCAL_ACK_TIMEOUT.set(mad, 0, ackTimeoutCode);
  }

  private static void privateData(
      MemorySegment mad, ConnectSpec spec, CmPort port, int sourcePort) {
    long at = CmReq.PRIVATE_DATA.offset();
    if (ServiceId.isRdmaCm(spec.serviceId())) {
      RdmaCmHeader.write(
          mad,
          at,
          sourcePort,
          port.address().getAddress(),
          spec.destination().getAddress().getAddress());
      at += RdmaCmHeader.LENGTH;
    }
    byte[] data = spec.params().privateData();
    MemorySegment.copy(MemorySegment.ofArray(data), 0, mad, at, data.length);
  }

  /** Bytes of private data that a REQ for a service id leaves to its user. */
  static int requestBytes(long serviceId) {
    return ServiceId.isRdmaCm(serviceId)
        ? RdmaCmHeader.REQ_CONSUMER_BYTES
        : CmReq.PRIVATE_DATA.length();
  }

  /** Whether a P_Key names the partition that every port is in, as a full or a limited member. */
  static boolean isOurPkey(int pkey) {
    return (pkey & PKEY_NUMBER) == PKEY_NUMBER;
  }

  /**
   * Whether a request's private data begin as its service id demands: for the RDMA CM with the
   * addresses that it came from and went to.
   */
  static boolean hasRightAddresses(
      MemorySegment mad, long off, CmPort port, long sourceHigh, long sourceLow) {
    return !ServiceId.isRdmaCm(CmReq.SERVICE_ID.get(mad, off))
        || isAddressed(mad, off + CmReq.PRIVATE_DATA.offset(), port, sourceHigh, sourceLow);
  }

  /** Whether a header of the RDMA CM names the addresses that the message came from and went to. */
  static boolean isAddressed(
      MemorySegment mad, long header, CmPort port, long sourceHigh, long sourceLow) {
    byte[] source = Gids.address(sourceHigh, sourceLow).getAddress();
    return RdmaCmHeader.isValid(mad, header)
        && Arrays.equals(RdmaCmHeader.source(mad, header), source)
        && Arrays.equals(RdmaCmHeader.destination(mad, header), port.address().getAddress());
  }

  static PeerRequest readReq(MemorySegment mad, long off, long sourceHigh, long sourceLow) {
    int sourcePort = 0;
    if (ServiceId.isRdmaCm(CmReq.SERVICE_ID.get(mad, off))) {
      sourcePort = RdmaCmHeader.sourcePort(mad, off + CmReq.PRIVATE_DATA.offset());
    }
    return new PeerRequest(
        new InetSocketAddress(Gids.address(sourceHigh, sourceLow), sourcePort),
        CmReq.TRANSPORT.getInt(mad, off) == UC ? QpType.UC : QpType.RC,
        CmReq.LOCAL_QPN.getInt(mad, off),
        CmReq.STARTING_PSN.getInt(mad, off),
        PathMtu.bytes(CmReq.PATH_MTU.getInt(mad, off)),
        CmReq.RESPONDER_RESOURCES.getInt(mad, off),
        CmReq.INITIATOR_DEPTH.getInt(mad, off),
        CmReq.RETRY_COUNT.getInt(mad, off),
        CmReq.RNR_RETRY_COUNT.getInt(mad, off),
        CmReq.PRIMARY_LOCAL_ACK_TIMEOUT.getInt(mad, off),
        CmReq.REMOTE_CM_RESPONSE_TIMEOUT.getInt(mad, off));
  }

  /** The private data of a REQ that are the application's. */
  static byte[] reqPrivateData(MemorySegment mad, long off) {
    byte[] data = CmReq.PRIVATE_DATA.get(mad, off);
    return ServiceId.isRdmaCm(CmReq.SERVICE_ID.get(mad, off))
        ? Arrays.copyOfRange(data, RdmaCmHeader.LENGTH, data.length)
        : data;
  }

  static MemorySegment rep(CmConn conn, ConnectParams params, CmPort port) {
    MemorySegment mad = mad(CmMessage.REP, conn.transactionId);
    CmRep.LOCAL_COMM_ID.set(mad, 0, conn.localId);
    CmRep.REMOTE_COMM_ID.set(mad, 0, conn.remoteId);
    CmRep.LOCAL_QPN.set(mad, 0, conn.localQpn);
    CmRep.STARTING_PSN.set(mad, 0, conn.localPsn);
    CmRep.RESPONDER_RESOURCES.set(mad, 0, params.responderResources());
    CmRep.INITIATOR_DEPTH.set(mad, 0, params.initiatorDepth());
    CmRep.FAILOVER_ACCEPTED.set(mad, 0, conn.alternatePath ? FAILOVER_NOT_SUPPORTED : 0);
    CmRep.RNR_RETRY_COUNT.set(mad, 0, params.rnrRetryCount());
    CmRep.LOCAL_CA_GUID.set(mad, 0, port.guid());
    CmRep.PRIVATE_DATA.set(mad, 0, params.privateData());
    return mad;
  }

  static PeerReply readRep(MemorySegment mad, long off, CmConn conn) {
    return new PeerReply(
        CmRep.LOCAL_QPN.getInt(mad, off),
        CmRep.STARTING_PSN.getInt(mad, off),
        conn.localPsn,
        conn.pathMtuBytes,
        CmRep.RESPONDER_RESOURCES.getInt(mad, off),
        CmRep.INITIATOR_DEPTH.getInt(mad, off),
        CmRep.RNR_RETRY_COUNT.getInt(mad, off));
  }

  static MemorySegment rtu(CmConn conn, byte[] privateData) {
    MemorySegment mad = mad(CmMessage.RTU, conn.transactionId);
    CmRtu.LOCAL_COMM_ID.set(mad, 0, conn.localId);
    CmRtu.REMOTE_COMM_ID.set(mad, 0, conn.remoteId);
    CmRtu.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }

  static MemorySegment dreq(CmConn conn, byte[] privateData, long transactionId) {
    MemorySegment mad = mad(CmMessage.DREQ, transactionId);
    CmDreq.LOCAL_COMM_ID.set(mad, 0, conn.localId);
    CmDreq.REMOTE_COMM_ID.set(mad, 0, conn.remoteId);
    CmDreq.REMOTE_QPN.set(mad, 0, conn.remoteQpn);
    CmDreq.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }

  /** The answer to a DREQ, which must be of the connection or of one that is forgotten. */
  static MemorySegment drep(MemorySegment dreq, long off, byte[] privateData) {
    MemorySegment mad = mad(CmMessage.DREP, Mad.TRANSACTION_ID.get(dreq, off));
    CmDrep.LOCAL_COMM_ID.set(mad, 0, CmDreq.REMOTE_COMM_ID.get(dreq, off));
    CmDrep.REMOTE_COMM_ID.set(mad, 0, CmDreq.LOCAL_COMM_ID.get(dreq, off));
    CmDrep.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }

  /** Answers a LAP. */
  static MemorySegment apr(MemorySegment lap, long off, int status) {
    MemorySegment mad = mad(CmMessage.APR, Mad.TRANSACTION_ID.get(lap, off));
    CmApr.LOCAL_COMM_ID.set(mad, 0, CmLap.REMOTE_COMM_ID.get(lap, off));
    CmApr.REMOTE_COMM_ID.set(mad, 0, CmLap.LOCAL_COMM_ID.get(lap, off));
    CmApr.STATUS.set(mad, 0, status);
    return mad;
  }

  /** Whether a REQ names an alternate path. */
  static boolean hasAlternatePath(MemorySegment mad, long off) {
    for (byte b : CmReq.ALTERNATE_LOCAL_GID.get(mad, off)) {
      if (b != 0) {
        return true;
      }
    }
    return false;
  }

  static MemorySegment mra(CmConn conn, int ofMessage, int serviceTimeoutCode, byte[] privateData) {
    MemorySegment mad = mad(CmMessage.MRA, conn.transactionId);
    CmMra.LOCAL_COMM_ID.set(mad, 0, conn.localId);
    CmMra.REMOTE_COMM_ID.set(mad, 0, conn.remoteId);
    CmMra.MESSAGE.set(mad, 0, ofMessage);
    CmMra.SERVICE_TIMEOUT.set(mad, 0, serviceTimeoutCode);
    CmMra.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }

  static MemorySegment rej(
      long transactionId,
      int localId,
      int remoteId,
      int ofMessage,
      int reason,
      byte[] info,
      byte[] privateData) {
    MemorySegment mad = mad(CmMessage.REJ, transactionId);
    CmRej.LOCAL_COMM_ID.set(mad, 0, localId);
    CmRej.REMOTE_COMM_ID.set(mad, 0, remoteId);
    CmRej.MESSAGE.set(mad, 0, ofMessage);
    CmRej.INFO_LENGTH.set(mad, 0, info.length);
    CmRej.REASON.set(mad, 0, reason);
    CmRej.ARI.set(mad, 0, info);
    CmRej.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }

  static MemorySegment rej(CmConn conn, int ofMessage, int reason) {
    return rej(
        conn.transactionId, conn.localId, conn.remoteId, ofMessage, reason, NOTHING, NOTHING);
  }
}
