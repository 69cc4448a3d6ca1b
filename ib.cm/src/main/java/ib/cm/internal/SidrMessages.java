// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.CmMessage;
import ib.transport.wire.CmSidrRep;
import ib.transport.wire.CmSidrReq;
import ib.transport.wire.Gids;
import ib.transport.wire.Mad;
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.ServiceId;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;

/**
 * Makes and reads SIDR_REQ and SIDR_REP (IBA vol. 1, 12.11; annex A11 for the addresses in the
 * private data).
 */
final class SidrMessages {
  private SidrMessages() {}

  /** Bytes of private data that a SIDR_REQ for a service id leaves to its user. */
  static int requestBytes(long serviceId) {
    int all = CmSidrReq.PRIVATE_DATA.length();
    return ServiceId.isRdmaCm(serviceId) ? all - RdmaCmHeader.LENGTH : all;
  }

  static MemorySegment req(
      SidrExchange exchange,
      CmPort port,
      InetAddress destination,
      int sourcePort,
      byte[] privateData) {
    MemorySegment mad = MemorySegment.ofArray(new byte[Mad.LENGTH]);
    Mad.writeCm(mad, 0, CmMessage.SIDR_REQ, exchange.transactionId);
    CmSidrReq.REQUEST_ID.set(mad, 0, exchange.requestId);
    CmSidrReq.PKEY.set(mad, 0, CmMessages.DEFAULT_PKEY);
    CmSidrReq.SERVICE_ID.set(mad, 0, exchange.serviceId);
    long at = CmSidrReq.PRIVATE_DATA.offset();
    if (ServiceId.isRdmaCm(exchange.serviceId)) {
      RdmaCmHeader.write(
          mad, at, sourcePort, port.address().getAddress(), destination.getAddress());
      at += RdmaCmHeader.LENGTH;
    }
    MemorySegment.copy(MemorySegment.ofArray(privateData), 0, mad, at, privateData.length);
    return mad;
  }

  /** The requester's address and its RDMA-CM port, 0 where the service is not RDMA-CM's. */
  static InetSocketAddress requester(MemorySegment mad, long off, long high, long low) {
    int port =
        ServiceId.isRdmaCm(CmSidrReq.SERVICE_ID.get(mad, off))
            ? RdmaCmHeader.sourcePort(mad, off + CmSidrReq.PRIVATE_DATA.offset())
            : 0;
    return new InetSocketAddress(Gids.address(high, low), port);
  }

  /** Whether the private data begin as the service id demands, {@link CmMessages#isAddressed}. */
  static boolean hasRightAddresses(
      MemorySegment mad, long off, CmPort port, long sourceHigh, long sourceLow) {
    return !ServiceId.isRdmaCm(CmSidrReq.SERVICE_ID.get(mad, off))
        || CmMessages.isAddressed(
            mad, off + CmSidrReq.PRIVATE_DATA.offset(), port, sourceHigh, sourceLow);
  }

  /** The private data of a SIDR_REQ that are the application's. */
  static byte[] reqPrivateData(MemorySegment mad, long off) {
    byte[] data = CmSidrReq.PRIVATE_DATA.get(mad, off);
    return ServiceId.isRdmaCm(CmSidrReq.SERVICE_ID.get(mad, off))
        ? Arrays.copyOfRange(data, RdmaCmHeader.LENGTH, data.length)
        : data;
  }

  static MemorySegment rep(
      long transactionId,
      int requestId,
      long serviceId,
      int status,
      int qpn,
      int qkey,
      byte[] privateData) {
    MemorySegment mad = MemorySegment.ofArray(new byte[Mad.LENGTH]);
    Mad.writeCm(mad, 0, CmMessage.SIDR_REP, transactionId);
    CmSidrRep.REQUEST_ID.set(mad, 0, requestId);
    CmSidrRep.STATUS.set(mad, 0, status);
    CmSidrRep.QPN.set(mad, 0, qpn);
    CmSidrRep.SERVICE_ID.set(mad, 0, serviceId);
    CmSidrRep.QKEY.set(mad, 0, qkey);
    CmSidrRep.PRIVATE_DATA.set(mad, 0, privateData);
    return mad;
  }
}
