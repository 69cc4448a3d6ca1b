// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetSocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A SIDR_REQ that arrived at a datagram service. Answer it once, from any thread, within 10 s;
 * after that it was rejected, and an answer does nothing. Thread-safe.
 */
@ProviderType
public interface DatagramRequest {
  /**
   * Who asks.
   *
   * @return IP address and RDMA-CM port (0 where the service id is not one of RDMA-CM)
   */
  InetSocketAddress remoteAddress();

  /**
   * The service asked for.
   *
   * @return 64 bits
   */
  long serviceId();

  /**
   * The request's private data, without the RDMA-CM header.
   *
   * @return 180 bytes; 216 where the service id is not one of RDMA-CM
   */
  byte[] privateData();

  /**
   * Answers with a queue pair, which is not touched: its owner moves it to RTS.
   *
   * @param qp a UD queue pair of this port that has its Q_Key
   * @param privateData up to 136 bytes
   * @throws RdmaException if the queue pair is not UD or has no Q_Key yet, or the private data are
   *     too long; the request may then still be answered otherwise
   * @throws IllegalStateException if it was answered already
   */
  void accept(QueuePair qp, byte[] privateData) throws RdmaException;

  /**
   * Refuses.
   *
   * @param status {@link SidrStatus}, not {@link SidrStatus#VALID}
   * @param privateData up to 136 bytes
   * @throws IllegalArgumentException if the status is VALID or the private data are too long
   * @throws IllegalStateException if it was answered already
   */
  void reject(int status, byte[] privateData);
}
