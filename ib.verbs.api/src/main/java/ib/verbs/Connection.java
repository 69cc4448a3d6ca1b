// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetSocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection of the connection manager ({@code struct rdma_cm_id}). It outlives the driver of its
 * queue pair. Thread-safe.
 */
@ProviderType
public interface Connection {
  /**
   * The peer.
   *
   * @return IP address and RDMA-CM port
   */
  InetSocketAddress remoteAddress();

  /**
   * Number of the queue pair of this side.
   *
   * @return QPN
   */
  int localQpn();

  /**
   * Ends the connection: sends DREQ (or REJ while connecting) and returns at once; timewait and the
   * peer's DREP are the port's business. Does not touch the queue pair: close it or move it to ERR.
   * Idempotent; no callback comes after it returned, except one already running.
   */
  void disconnect();
}
