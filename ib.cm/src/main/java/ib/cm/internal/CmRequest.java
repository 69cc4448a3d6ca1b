// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;

/** A connection request as its listener sees it. */
final class CmRequest implements ConnectRequest {
  private static final int MAX_ACCEPT_DATA = 196;
  private static final int MAX_REJECT_DATA = 148;
  private static final int MAX_REASON = 0xFFFF;

  private final PortConnectionManager manager;
  private final CmConn conn;
  private final PeerRequest request;
  private final byte[] privateData;
  private final AtomicBoolean answered = new AtomicBoolean();

  CmRequest(PortConnectionManager manager, CmConn conn, PeerRequest request, byte[] privateData) {
    this.manager = manager;
    this.conn = conn;
    this.request = request;
    this.privateData = privateData;
  }

  @Override
  public InetSocketAddress remoteAddress() {
    return request.remoteAddress();
  }

  @Override
  public QpType type() {
    return request.type();
  }

  @Override
  public byte[] privateData() {
    return privateData.clone();
  }

  @Override
  public int initiatorDepth() {
    return request.initiatorDepth();
  }

  @Override
  public int responderResources() {
    return request.responderResources();
  }

  @Override
  public int pathMtuBytes() {
    return request.pathMtuBytes();
  }

  @Override
  public Connection accept(QueuePair qp, ConnectParams params, ConnectionHandler handler)
      throws RdmaException {
    int length = params.privateData().length;
    if (length > MAX_ACCEPT_DATA) {
      throw new RdmaException(
          length + " bytes of private data: an accept carries " + MAX_ACCEPT_DATA);
    }
    if (qp.type() != request.type()) {
      throw new RdmaException(
          qp.label()
              + " is of type "
              + qp.type()
              + ", but "
              + request.remoteAddress()
              + " asks for "
              + request.type()
              + "; accept with such a queue pair");
    }
    takeAnswer();
    try {
      ConnectParams agreed = QpMoves.agree(params, request);
      int psn = manager.randomPsn();
      QpMoves.accept(qp, request.remoteAddress().getAddress(), agreed, request, psn);
      CmConnection connection =
          new CmConnection(manager, qp, request.remoteAddress(), agreed, handler);
      if (!manager.accept(conn, connection, psn, agreed)) {
        QpMoves.toError(qp);
        throw new RdmaException(
            "the request of "
                + request.remoteAddress()
                + " is no longer there: the peer gave up, the listener was closed, or the answer took"
                + " longer than 10 s; close "
                + qp.label()
                + " and let the peer ask again");
      }
      return connection;
    } catch (RdmaException | RuntimeException e) {
      // The application may still reject it.
      answered.set(false);
      throw e;
    }
  }

  @Override
  public void delay(byte[] data) {
    if (data.length > DELAY_BYTES) {
      throw new IllegalArgumentException(
          data.length + " bytes of private data: a plea for patience carries " + DELAY_BYTES);
    }
    manager.delay(conn, data.clone());
  }

  @Override
  public void reject(int reason, byte[] data) {
    if (reason < 1 || reason > MAX_REASON) {
      throw new IllegalArgumentException("reason " + reason + "; reject with 1 to " + MAX_REASON);
    }
    if (data.length > MAX_REJECT_DATA) {
      throw new IllegalArgumentException(
          data.length + " bytes of private data: a reject carries " + MAX_REJECT_DATA);
    }
    takeAnswer();
    manager.reject(conn, reason, data.clone());
  }

  private void takeAnswer() {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException(this + " was answered already");
    }
  }

  @Override
  public String toString() {
    return "connection request of " + request.remoteAddress();
  }
}
