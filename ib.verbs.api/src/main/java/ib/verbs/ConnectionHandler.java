// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told what happens to a connection. Called on the connection manager's event thread, in order; may
 * block briefly (create and close resources), at most a second.
 */
@ConsumerType
public interface ConnectionHandler {
  /**
   * The connection stands; the queue pair is in RTS.
   *
   * @param connection the connection
   * @param privateData of the peer's REP, empty on the passive side
   */
  void onEstablished(Connection connection, byte[] privateData);

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
   * The connection could not be made. Final.
   *
   * @param connection the connection
   * @param message what was tried, for how long, and what to check
   */
  void onError(Connection connection, String message);
}
