// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection of the connection manager ({@code struct rdma_cm_id}). It outlives the driver of its
 * queue pair. Thread-safe.
 */
@ProviderType
public interface Connection {
  /** Bytes of private data that a disconnect carries. */
  int DISCONNECT_BYTES = 220;

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

  /** Bytes of private data that the answer to a disconnect carries. */
  int DISCONNECT_ANSWER_BYTES = 224;

  /**
   * Sets what the peer is told when it disconnects (DREP). The answer goes out at once when its
   * DREQ comes, so it must be set before; at first it is empty.
   *
   * @param privateData up to {@value #DISCONNECT_ANSWER_BYTES} bytes
   * @throws IllegalArgumentException if the data are too long
   */
  void setDisconnectAnswer(byte[] privateData);

  /**
   * Ends the connection: sends DREQ (or REJ while connecting) and returns at once; timewait and the
   * peer's DREP are the port's business. Does not touch the queue pair: close it or move it to ERR.
   * Idempotent; no callback comes after it returned, except one already running.
   */
  void disconnect();

  /**
   * Ends the connection as {@link #disconnect()} does, with something to say.
   *
   * @param privateData up to {@value #DISCONNECT_BYTES} bytes for the peer; they go in the DREQ, so
   *     the peer gets them only where the connection stands
   * @return completed on another thread, within 20 s and never exceptionally: with the private data
   *     of the peer's DREP (224 bytes), with those of its DREQ (220 bytes) where both asked at
   *     once, and empty where the peer said nothing or the connection was over before
   * @throws IllegalArgumentException if the data are too long
   */
  CompletableFuture<byte[]> disconnect(byte[] privateData);
}
