// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A connection as its application sees it. The {@code deliver} methods run on the event thread and
 * do nothing once the application ended the connection.
 */
final class CmConnection implements Connection {
  private static final byte[] NOTHING = {};

  /** Longer than a DREQ is repeated. */
  private static final long LEAVE_SECONDS = 20;

  private final PortConnectionManager manager;
  private final QueuePair qp;
  private final InetSocketAddress remoteAddress;
  private final ConnectParams params;
  private final ConnectionHandler handler;
  private final int localQpn;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final CompletableFuture<byte[]> left = new CompletableFuture<>();

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
      manager.disconnect(this, NOTHING, false);
    }
  }

  @Override
  public CompletableFuture<byte[]> disconnect(byte[] privateData) {
    if (privateData.length > DISCONNECT_BYTES) {
      throw new IllegalArgumentException(
          privateData.length + " bytes of private data: a disconnect carries " + DISCONNECT_BYTES);
    }
    if (!ended.compareAndSet(false, true)) {
      return CompletableFuture.completedFuture(NOTHING);
    }
    CompletableFuture<byte[]> answer =
        left.completeOnTimeout(NOTHING, LEAVE_SECONDS, TimeUnit.SECONDS);
    manager.disconnect(this, privateData.clone(), true);
    return answer;
  }

  @Override
  public void setDisconnectAnswer(byte[] privateData) {
    if (privateData.length > DISCONNECT_ANSWER_BYTES) {
      throw new IllegalArgumentException(
          privateData.length
              + " bytes of private data: the answer to a disconnect carries "
              + DISCONNECT_ANSWER_BYTES);
    }
    manager.setDisconnectAnswer(this, privateData.clone());
  }

  /** What the peer said to our disconnect. */
  void deliverLeft(byte[] privateData) {
    left.complete(privateData);
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
    byte[] answer;
    try {
      answer = answerTo(privateData);
    } catch (RuntimeException e) {
      manager.refuseReply(this);
      deliverError("the peer accepted, but its reply was not answered: " + e.getMessage());
      return;
    }
    if (ended.get()) {
      return;
    }
    manager.ready(this, answer);
    announced = true;
    handler.onEstablished(this, privateData);
  }

  private byte[] answerTo(byte[] reply) {
    byte[] answer = handler.onReply(this, reply).clone();
    if (answer.length > ConnectionHandler.READY_BYTES) {
      throw new IllegalArgumentException(
          answer.length
              + " bytes of private data: the answer to a reply carries "
              + ConnectionHandler.READY_BYTES);
    }
    return answer;
  }

  /** Passive: the peer is ready. */
  void deliverEstablished(byte[] privateData) {
    if (!ended.get()) {
      announced = true;
      handler.onEstablished(this, privateData);
    }
  }

  void deliverServiceDelay(long serviceTimeoutNs, byte[] privateData) {
    if (!ended.get() && !announced) {
      handler.onServiceDelay(this, serviceTimeoutNs, privateData);
    }
  }

  void deliverRejected(int reason, byte[] privateData) {
    if (announced) {
      deliverDisconnected(privateData);
    } else if (ended.compareAndSet(false, true)) {
      handler.onRejected(this, reason, privateData);
    }
  }

  void deliverDisconnected(byte[] privateData) {
    if (ended.compareAndSet(false, true)) {
      QpMoves.toError(qp);
      handler.onDisconnected(this, privateData);
    }
  }

  void deliverError(String message) {
    if (announced) {
      deliverDisconnected(NOTHING);
    } else if (ended.compareAndSet(false, true)) {
      handler.onError(this, message);
    }
  }

  @Override
  public String toString() {
    return "connection of " + qp.label() + " to " + remoteAddress;
  }
}
