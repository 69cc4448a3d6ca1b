// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told what happens to a connection. Called on the connection manager's event thread, in order; may
 * block briefly (create and close resources), at most a second.
 */
@ConsumerType
public interface ConnectionHandler {
  /** Bytes of private data that the answer to a reply carries. */
  int READY_BYTES = 224;

  /**
   * Active side: the peer accepted, and the queue pair is in RTS; asked before the peer is told
   * (RTU) and {@link #onEstablished} is called.
   *
   * @param connection the connection
   * @param privateData of the peer's REP (196 bytes)
   * @return what to tell the peer, up to {@value #READY_BYTES} bytes; it gets them unless a packet
   *     comes first. More, or an exception, refuses the reply and ends in {@link #onError}
   */
  default byte[] onReply(Connection connection, byte[] privateData) {
    return new byte[0];
  }

  /**
   * The connection stands; the queue pair is in RTS.
   *
   * @param connection the connection
   * @param privateData of the peer's REP (196 bytes); on the passive side of its RTU (224 bytes),
   *     or empty where a packet came on the queue pair before the RTU did
   */
  void onEstablished(Connection connection, byte[] privateData);

  /**
   * The peer asks for patience: it got the request or the reply, and needs longer to answer (MRA).
   * Told once a connection, before any of the others; nothing need be done.
   *
   * @param connection the connection, not yet established
   * @param serviceTimeoutNs how long the peer says that it may take
   * @param privateData of the MRA (222 bytes)
   */
  default void onServiceDelay(Connection connection, long serviceTimeoutNs, byte[] privateData) {}

  /**
   * The peer refused. Final.
   *
   * @param connection the connection
   * @param reason {@link RejectReason}
   * @param privateData of the REJ
   */
  void onRejected(Connection connection, int reason, byte[] privateData);

  /**
   * The peer ended the connection, or is gone. Final. The queue pair was moved to ERR.
   *
   * @param connection the connection
   */
  void onDisconnected(Connection connection);

  /**
   * The same with what the peer said; this is what the connection manager calls.
   *
   * @param connection the connection
   * @param privateData of the peer's DREQ (220 bytes), or of its REJ (148 bytes); empty where it is
   *     gone without a word
   */
  default void onDisconnected(Connection connection, byte[] privateData) {
    onDisconnected(connection);
  }

  /**
   * The connection could not be made. Final.
   *
   * @param connection the connection
   * @param message what was tried, for how long, and what to check
   */
  void onError(Connection connection, String message);
}
