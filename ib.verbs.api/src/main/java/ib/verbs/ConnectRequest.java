// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetSocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A request that arrived at a listener. Answer it once, from any thread, within 10 s; later answers
 * throw. Thread-safe.
 */
@ProviderType
public interface ConnectRequest {
  /**
   * Who asks.
   *
   * @return IP address and RDMA-CM port
   */
  InetSocketAddress remoteAddress();

  /**
   * Type of the connection asked for.
   *
   * @return RC or UC
   */
  QpType type();

  /**
   * The request's private data, without the RDMA-CM header.
   *
   * @return 56 bytes; 92 where the service id is not one of RDMA-CM
   */
  byte[] privateData();

  /**
   * READs the peer wants outstanding here.
   *
   * @return its initiator depth
   */
  int initiatorDepth();

  /**
   * READs the peer lets us have outstanding.
   *
   * @return its responder resources
   */
  int responderResources();

  /**
   * Path MTU that the connection will have.
   *
   * @return bytes
   */
  int pathMtuBytes();

  /** Bytes of private data that a plea for patience carries. */
  int DELAY_BYTES = 222;

  /**
   * Asks the peer for patience (MRA), as is done without being asked when half its time is over.
   * The request must be answered within 10 s all the same. Nothing happens if it is no longer there
   * or was answered.
   *
   * @param privateData up to {@value #DELAY_BYTES} bytes for the peer
   * @throws IllegalArgumentException if the data are too long
   */
  void delay(byte[] privateData);

  /**
   * Accepts with a queue pair in RESET (or INIT with receives posted): moves it to RTS and answers
   * REP.
   *
   * @param qp a queue pair of {@link #type()} on a device of this port
   * @param params what we agree to; READ limits are lowered to the peer's
   * @param handler told of the rest; {@code onEstablished} follows the RTU. The peer's first
   *     message may complete before that
   * @return the connection
   * @throws RdmaException if the request is no longer there or the queue pair can't be moved; the
   *     request may then still be accepted with another or rejected
   * @throws IllegalStateException if it was answered already
   */
  Connection accept(QueuePair qp, ConnectParams params, ConnectionHandler handler)
      throws RdmaException;

  /**
   * Refuses. Nothing happens if the request is no longer there.
   *
   * @param reason {@link RejectReason}, or any other from 1 to 65535
   * @param privateData up to 148 bytes
   * @throws IllegalArgumentException if the reason is none or the data are too long
   * @throws IllegalStateException if it was answered already
   */
  void reject(int reason, byte[] privateData);
}
