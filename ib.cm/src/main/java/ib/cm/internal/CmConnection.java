// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A connection as its application sees it. The {@code deliver} methods run on the event thread and
 * do nothing once the application ended the connection.
 */
final class CmConnection implements Connection {
  private final PortConnectionManager manager;
  private final QueuePair qp;
  private final InetSocketAddress remoteAddress;
  private final ConnectParams params;
  private final ConnectionHandler handler;
  private final int localQpn;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Owned by the agent. */
  @Nullable CmConn conn;

  /** Owned by the event thread: whether the application was told that the connection stands. */
  private boolean announced;

  CmConnection(
      PortConnectionManager manager,
      QueuePair qp,
      InetSocketAddress remoteAddress,
      ConnectParams params,
      ConnectionHandler handler) {
    this.manager = manager;
    this.qp = qp;
    this.remoteAddress = remoteAddress;
    this.params = params;
    this.handler = handler;
    this.localQpn = qp.qpn();
  }

  @Override
  public InetSocketAddress remoteAddress() {
    return remoteAddress;
  }

  @Override
  public int localQpn() {
    return localQpn;
  }

  @Override
  public void disconnect() {
    if (ended.compareAndSet(false, true)) {
      manager.disconnect(this);
    }
  }

  /** Active: moves the queue pair, then tells the peer, then the application. */
  void deliverReply(PeerReply reply, byte[] privateData) {
    if (ended.get()) {
      return;
    }
    try {
      QpMoves.connect(qp, remoteAddress.getAddress(), params, reply);
    } catch (RdmaException | RuntimeException e) {
      manager.refuseReply(this);
      deliverError(
          "the peer accepted, but "
              + qp.label()
              + " could not be moved to RTS: "
              + e.getMessage()
              + "; connect again with a new queue pair");
      return;
    }
    manager.ready(this);
    announced = true;
    handler.onEstablished(this, privateData);
  }

  /** Passive: the peer is ready. */
  void deliverEstablished() {
    if (!ended.get()) {
      announced = true;
      handler.onEstablished(this, new byte[0]);
    }
  }

  void deliverRejected(int reason, byte[] privateData) {
    if (announced) {
      deliverDisconnected();
    } else if (ended.compareAndSet(false, true)) {
      handler.onRejected(this, reason, privateData);
    }
  }

  void deliverDisconnected() {
    if (ended.compareAndSet(false, true)) {
      QpMoves.toError(qp);
      handler.onDisconnected(this);
    }
  }

  void deliverError(String message) {
    if (announced) {
      deliverDisconnected();
    } else if (ended.compareAndSet(false, true)) {
      handler.onError(this, message);
    }
  }

  @Override
  public String toString() {
    return "connection of " + qp.label() + " to " + remoteAddress;
  }
}
