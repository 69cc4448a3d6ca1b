// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.Gids;
import ib.transport.wire.ServiceId;
import java.util.Locale;

/** Failures in words: what was tried, for how long, and what to check. */
final class CmTexts {
  private static final double SECOND_NS = 1e9;

  private CmTexts() {}

  static String noReply(CmConn conn, CmPort port, long nowNs) {
    String to = Gids.address(conn.remoteHigh, conn.remoteLow).getHostAddress();
    return String.format(
        Locale.ROOT,
        "no answer from %s to %d requests for service %s from port %s (%s) within %.1f s; check that"
            + " the peer is up and has a port with that address, that the route to it works, and that"
            + " UDP port 4791 is open in both directions",
        to,
        conn.sent,
        ServiceId.describe(conn.serviceId),
        port.name(),
        port.address().getHostAddress(),
        (nowNs - conn.beganNs) / SECOND_NS);
  }

  static String noRtu(CmConn conn, CmPort port, long nowNs) {
    String to = Gids.address(conn.remoteHigh, conn.remoteLow).getHostAddress();
    return String.format(
        Locale.ROOT,
        "%s asked for service %s of port %s (%s) and was accepted, but did not confirm any of %d"
            + " replies within %.1f s of its request; check that it still runs, and that UDP port 4791"
            + " is open in both directions",
        to,
        ServiceId.describe(conn.serviceId),
        port.name(),
        port.address().getHostAddress(),
        conn.sent,
        (nowNs - conn.beganNs) / SECOND_NS);
  }

  static String noQueuePair(CmConn conn, CmPort port, int qpn) {
    return String.format(
        Locale.ROOT,
        "%s answered port %s with queue pair %d, which can't be one; mend the peer",
        Gids.address(conn.remoteHigh, conn.remoteLow).getHostAddress(),
        port.name(),
        qpn);
  }

  static String notResolved(SidrExchange exchange, CmPort port, long nowNs) {
    return String.format(
        Locale.ROOT,
        "no answer from %s to %d resolutions of service %s from port %s (%s) within %.1f s; check that"
            + " the peer is up and has a port with that address, that the route to it works, and that"
            + " UDP port 4791 is open in both directions",
        Gids.address(exchange.remoteHigh, exchange.remoteLow).getHostAddress(),
        exchange.sent,
        ServiceId.describe(exchange.serviceId),
        port.name(),
        port.address().getHostAddress(),
        (nowNs - exchange.beganNs) / SECOND_NS);
  }

  static String stalePeer(CmConn conn, CmPort port) {
    return String.format(
        Locale.ROOT,
        "%s answered with queue pair 0x%06x, which a connection of port %s still holds; connect again",
        Gids.address(conn.remoteHigh, conn.remoteLow).getHostAddress(),
        conn.remoteQpn,
        port.name());
  }
}
