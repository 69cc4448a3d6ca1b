// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.Gsi;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;

/** Turns an engine's events into callbacks on the event thread; called on the agent. */
final class CmEvents implements CmSink {
  private final PortConnectionManager manager;
  private final Gsi gsi;
  private final EventThread events;

  CmEvents(PortConnectionManager manager, Gsi gsi, EventThread events) {
    this.manager = manager;
    this.gsi = gsi;
    this.events = events;
  }

  @Override
  public boolean send(long gidHigh, long gidLow, MemorySegment mad) {
    return gsi.send(gidHigh, gidLow, mad, 0);
  }

  @Override
  public boolean hasRoom() {
    return events.hasRoom();
  }

  @Override
  public void onRequest(CmListener listener, CmConn conn, PeerRequest request, byte[] privateData) {
    CmRequest made = new CmRequest(manager, conn, request, privateData);
    if (listener.owner instanceof CmListening<?> listening) {
      events.post(() -> listening.deliver(made));
    }
  }

  @Override
  public void onDatagramRequest(
      CmListener listener, SidrExchange exchange, InetSocketAddress from, byte[] privateData) {
    CmDatagramRequest made = new CmDatagramRequest(manager, exchange, from, privateData);
    if (listener.owner instanceof CmListening<?> listening) {
      events.post(() -> listening.deliver(made));
    }
  }

  @Override
  public void onResolved(SidrExchange exchange, int qpn, int qkey, byte[] privateData) {
    if (exchange.owner instanceof CmResolution resolution) {
      events.post(() -> resolution.deliverResolved(qpn, qkey, privateData));
    }
  }

  @Override
  public void onNotResolved(SidrExchange exchange, int status, byte[] privateData) {
    if (exchange.owner instanceof CmResolution resolution) {
      events.post(() -> resolution.deliverRejected(status, privateData));
    }
  }

  @Override
  public void onResolveFailed(SidrExchange exchange, String message) {
    if (exchange.owner instanceof CmResolution resolution) {
      events.post(() -> resolution.deliverError(message));
    }
  }

  @Override
  public void onReply(CmConn conn, PeerReply reply, byte[] privateData) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverReply(reply, privateData));
    }
  }

  @Override
  public void onEstablished(CmConn conn, byte[] privateData) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverEstablished(privateData));
    }
  }

  @Override
  public void onServiceDelay(CmConn conn, long serviceTimeoutNs, byte[] privateData) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverServiceDelay(serviceTimeoutNs, privateData));
    }
  }

  @Override
  public void onRejected(CmConn conn, int reason, byte[] privateData) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverRejected(reason, privateData));
    }
  }

  @Override
  public void onDisconnected(CmConn conn, byte[] privateData) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverDisconnected(privateData));
    }
  }

  @Override
  public void onLeft(CmConn conn, byte[] privateData) {
    if (conn.leaver instanceof CmConnection connection) {
      events.post(() -> connection.deliverLeft(privateData));
    }
  }

  @Override
  public void onFailed(CmConn conn, String message) {
    if (conn.owner instanceof CmConnection connection) {
      events.post(() -> connection.deliverError(message));
    }
  }
}
