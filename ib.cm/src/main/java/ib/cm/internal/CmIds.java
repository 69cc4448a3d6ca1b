// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.Gids;
import ib.transport.wire.ServiceId;
import ib.verbs.CmId;
import ib.verbs.QpType;
import java.net.InetSocketAddress;

/** Connections and listeners as operators see them. */
final class CmIds {
  private CmIds() {}

  static CmId of(CmListener listener, CmPort port) {
    long serviceId = listener.serviceId;
    QpType anyOrRc = portSpace(serviceId).equals("TCP") ? QpType.RC : null;
    return new CmId(
        0,
        listener.datagrams ? QpType.UD : anyOrRc,
        CmId.State.LISTEN,
        portSpace(serviceId),
        new InetSocketAddress(port.address(), portOf(serviceId)),
        null);
  }

  static CmId of(CmConn conn, CmPort port) {
    return new CmId(
        conn.localQpn,
        conn.type,
        conn.state == CmState.DREQ_SENT ? CmId.State.DISCONNECT : CmId.State.CONNECT,
        portSpace(conn.serviceId),
        new InetSocketAddress(port.address(), conn.sourcePort),
        new InetSocketAddress(Gids.address(conn.remoteHigh, conn.remoteLow), conn.remotePort));
  }

  /** A resolution has no queue pair before it is over. */
  static CmId of(SidrExchange exchange, CmPort port) {
    return new CmId(
        0,
        QpType.UD,
        CmId.State.CONNECT,
        portSpace(exchange.serviceId),
        new InetSocketAddress(port.address(), exchange.sourcePort),
        new InetSocketAddress(
            Gids.address(exchange.remoteHigh, exchange.remoteLow), exchange.remotePort));
  }

  static int portOf(long serviceId) {
    return ServiceId.isRdmaCm(serviceId) ? ServiceId.port(serviceId) : 0;
  }

  private static String portSpace(long serviceId) {
    return ServiceId.isRdmaCm(serviceId)
        ? switch (ServiceId.portSpace(serviceId)) {
          case ServiceId.TCP -> "TCP";
          case ServiceId.UDP -> "UDP";
          case ServiceId.IB -> "IB";
          default -> "-";
        }
        : "-";
  }
}
