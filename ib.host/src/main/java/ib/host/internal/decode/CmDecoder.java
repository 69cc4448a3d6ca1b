// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.srp.SrpCheck;
import ib.srp.SrpIu;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpOpcode;
import ib.transport.wire.CmDrep;
import ib.transport.wire.CmDreq;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmMra;
import ib.transport.wire.CmRej;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.CmSidrRep;
import ib.transport.wire.CmSidrReq;
import ib.transport.wire.Mad;
import ib.transport.wire.MadBytes;
import ib.transport.wire.PathMtu;
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.RejReason;
import ib.transport.wire.ServiceId;
import java.lang.foreign.MemorySegment;

/**
 * Prints a CM message with its RDMA CM addresses and SRP login, encodes these two again into the
 * packet's copy, and tells {@link Connections} who is connected.
 *
 * <p>A REQ logs in to an SRP target if its private data, after the RDMA CM header where the service
 * id has one, is an SRP login request whose two port ids are not zero.
 */
final class CmDecoder {
  private final Connections connections;
  private final String source;
  private final String destination;
  private final StringBuilder line;

  CmDecoder(Connections connections, String source, String destination, StringBuilder line) {
    this.connections = connections;
    this.source = source;
    this.destination = destination;
    this.line = line;
  }

  /** Decodes the MAD at {@code mad}, which the copy has at {@code copyMad}. */
  void decode(MemorySegment seg, long mad, MemorySegment copy, long copyMad) {
    if (!Mad.isCm(seg, mad, Mad.LENGTH)) {
      line.append(
          String.format(
              " | MAD class=%02x method=%02x attribute=%04x",
              Mad.MANAGEMENT_CLASS.get(seg, mad),
              Mad.METHOD.get(seg, mad),
              Mad.ATTRIBUTE_ID.get(seg, mad)));
      return;
    }
    int message = Mad.ATTRIBUTE_ID.getInt(seg, mad);
    line.append(" | CM ").append(CmMessage.name(message));
    switch (message) {
      case CmMessage.REQ -> request(seg, mad, copy, copyMad);
      case CmMessage.REP -> reply(seg, mad, copy, copyMad);
      case CmMessage.REJ -> reject(seg, mad, copy, copyMad);
      case CmMessage.SIDR_REQ -> {
        line.append(String.format(" id=%08x", CmSidrReq.REQUEST_ID.get(seg, mad)));
        service(
            CmSidrReq.SERVICE_ID.get(seg, mad), CmSidrReq.PRIVATE_DATA, seg, mad, copy, copyMad);
      }
      case CmMessage.SIDR_REP ->
          line.append(
              String.format(
                  " id=%08x status=%d qpn=%06x qkey=%08x",
                  CmSidrRep.REQUEST_ID.get(seg, mad),
                  CmSidrRep.STATUS.get(seg, mad),
                  CmSidrRep.QPN.get(seg, mad),
                  CmSidrRep.QKEY.get(seg, mad)));
      default -> other(message, seg, mad);
    }
  }

  /** Messages that begin with both communication ids and have little else. */
  private void other(int message, MemorySegment seg, long mad) {
    if (CmMessage.layout(message) == null) {
      return;
    }
    // All of them have both ids where DREP has them.
    ids(CmDrep.LOCAL_COMM_ID.getInt(seg, mad), CmDrep.REMOTE_COMM_ID.getInt(seg, mad));
    if (message == CmMessage.DREQ) {
      line.append(String.format(" qpn=%06x", CmDreq.REMOTE_QPN.get(seg, mad)));
    } else if (message == CmMessage.MRA) {
      line.append(" service_timeout=").append(CmMra.SERVICE_TIMEOUT.get(seg, mad));
    }
  }

  private void ids(int local, int remote) {
    line.append(String.format(" id=%08x remote=%08x", local, remote));
  }

  private void request(MemorySegment seg, long mad, MemorySegment copy, long copyMad) {
    int commId = CmReq.LOCAL_COMM_ID.getInt(seg, mad);
    int qpn = CmReq.LOCAL_QPN.getInt(seg, mad);
    int mtu = CmReq.PATH_MTU.getInt(seg, mad);
    line.append(
        String.format(
            " id=%08x qpn=%06x psn=%06x mtu=%s resources=%d depth=%d retry=%d rnr=%d"
                + " ack_timeout=%d cm_timeout=%d/%d cm_retries=%d guid=%016x",
            commId,
            qpn,
            CmReq.STARTING_PSN.get(seg, mad),
            PathMtu.isValidCode(mtu) ? Integer.toString(PathMtu.bytes(mtu)) : "code " + mtu,
            CmReq.RESPONDER_RESOURCES.get(seg, mad),
            CmReq.INITIATOR_DEPTH.get(seg, mad),
            CmReq.RETRY_COUNT.get(seg, mad),
            CmReq.RNR_RETRY_COUNT.get(seg, mad),
            CmReq.PRIMARY_LOCAL_ACK_TIMEOUT.get(seg, mad),
            CmReq.LOCAL_CM_RESPONSE_TIMEOUT.get(seg, mad),
            CmReq.REMOTE_CM_RESPONSE_TIMEOUT.get(seg, mad),
            CmReq.MAX_CM_RETRIES.get(seg, mad),
            CmReq.LOCAL_CA_GUID.get(seg, mad)));
    long serviceId = CmReq.SERVICE_ID.get(seg, mad);
    service(serviceId, CmReq.PRIVATE_DATA, seg, mad, copy, copyMad);
    connections.request(source, commId, qpn, login(serviceId, seg, mad, copy, copyMad));
  }

  /**
   * Prints the service id and, where it is of the RDMA CM, the addresses, which it encodes again.
   */
  private void service(
      long id,
      MadBytes privateData,
      MemorySegment seg,
      long mad,
      MemorySegment copy,
      long copyMad) {
    line.append(" service=").append(ServiceId.describe(id));
    long at = mad + privateData.offset();
    if (!ServiceId.isRdmaCm(id) || !RdmaCmHeader.isValid(seg, at)) {
      return;
    }
    byte[] from = RdmaCmHeader.source(seg, at);
    byte[] to = RdmaCmHeader.destination(seg, at);
    int port = RdmaCmHeader.sourcePort(seg, at);
    line.append(' ').append(Names.address(from)).append(':').append(port);
    line.append("->").append(Names.address(to));
    RdmaCmHeader.write(copy, copyMad + privateData.offset(), port, from, to);
  }

  private Connections.Request login(
      long serviceId, MemorySegment seg, long mad, MemorySegment copy, long copyMad) {
    int offset = CmReq.PRIVATE_DATA.offset();
    MemorySegment login;
    if (ServiceId.isRdmaCm(serviceId)) {
      offset += RdmaCmHeader.LENGTH;
      if (SrpCheck.checkLoginCm(seg, mad + offset, SrpLoginReqCm.LENGTH) != null) {
        return new Connections.Request(false, 0);
      }
      login = MemorySegment.ofArray(new byte[SrpLoginReq.LENGTH]);
      SrpLoginReqCm.toLoginReq(seg, mad + offset, login, 0);
    } else {
      login = seg.asSlice(mad + offset, SrpLoginReq.LENGTH);
      if (SrpIu.opcode(login, 0) != SrpOpcode.LOGIN_REQ) {
        return new Connections.Request(false, 0);
      }
    }
    if (isZero(SrpLoginReq.initiatorPortId(login, 0))
        || isZero(SrpLoginReq.targetPortId(login, 0))) {
      return new Connections.Request(false, 0);
    }
    line.append(" | ");
    SrpText.append(login, 0, line);
    if (ServiceId.isRdmaCm(serviceId)) {
      SrpCopy.loginReqCm(seg, mad + offset, copy, copyMad + offset);
    } else {
      SrpCopy.copy(login, 0, SrpLoginReq.LENGTH, copy, copyMad + offset, 0);
    }
    boolean immediate = (SrpLoginReq.flags(login, 0) & SrpLoginReq.IMMEDIATE_DATA) != 0;
    return new Connections.Request(true, immediate ? SrpLoginReq.immediateOffset(login, 0) : 0);
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private void reply(MemorySegment seg, long mad, MemorySegment copy, long copyMad) {
    int remote = CmRep.REMOTE_COMM_ID.getInt(seg, mad);
    int qpn = CmRep.LOCAL_QPN.getInt(seg, mad);
    ids(CmRep.LOCAL_COMM_ID.getInt(seg, mad), remote);
    line.append(
        String.format(
            " qpn=%06x psn=%06x resources=%d depth=%d rnr=%d ack_delay=%d guid=%016x",
            qpn,
            CmRep.STARTING_PSN.get(seg, mad),
            CmRep.RESPONDER_RESOURCES.get(seg, mad),
            CmRep.INITIATOR_DEPTH.get(seg, mad),
            CmRep.RNR_RETRY_COUNT.get(seg, mad),
            CmRep.TARGET_ACK_DELAY.get(seg, mad),
            CmRep.LOCAL_CA_GUID.get(seg, mad)));
    Connections.Request request = connections.requestOf(destination, remote);
    if (request == null) {
      return;
    }
    connections.reply(source, qpn, request);
    if (request.srp()) {
      answer(SrpOpcode.LOGIN_RSP, CmRep.PRIVATE_DATA, seg, mad, copy, copyMad);
    }
  }

  private void reject(MemorySegment seg, long mad, MemorySegment copy, long copyMad) {
    int remote = CmRej.REMOTE_COMM_ID.getInt(seg, mad);
    int reason = CmRej.REASON.getInt(seg, mad);
    ids(CmRej.LOCAL_COMM_ID.getInt(seg, mad), remote);
    line.append(" reason ").append(RejReason.describe(reason));
    Connections.Request request = connections.requestOf(destination, remote);
    if (request != null && request.srp() && reason == RejReason.CONSUMER_DEFINED.code()) {
      answer(SrpOpcode.LOGIN_REJ, CmRej.PRIVATE_DATA, seg, mad, copy, copyMad);
    }
  }

  /** The SRP answer to a login in private data, if it is there. */
  private void answer(
      int opcode,
      MadBytes privateData,
      MemorySegment seg,
      long mad,
      MemorySegment copy,
      long copyMad) {
    long at = mad + privateData.offset();
    if (SrpIu.opcode(seg, at) != opcode) {
      return;
    }
    line.append(" | ");
    SrpText.append(seg, at, line);
    int length = SrpOpcode.minLength(opcode);
    SrpCopy.copy(seg, at, length, copy, copyMad + privateData.offset(), 0);
  }
}
