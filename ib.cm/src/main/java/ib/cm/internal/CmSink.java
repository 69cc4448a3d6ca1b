// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;

/**
 * Where a {@link CmEngine} sends its messages and tells what happened. Called from inside the
 * engine's methods, must neither block nor call back.
 *
 * <p>For a connection, {@link #onReply} and {@link #onEstablished} come at most once, and then at
 * most one of {@link #onRejected}, {@link #onDisconnected} and {@link #onFailed}, which is the
 * last; none comes after the application ended the connection itself.
 */
interface CmSink {
  /** Sends a MAD of 256 bytes to QP1 of a GID; false if there was no room, so that it is lost. */
  boolean send(long gidHigh, long gidLow, MemorySegment mad);

  /** Whether more events can be taken; while not, messages are dropped and their senders repeat. */
  boolean hasRoom();

  /**
   * A request arrived; to be answered through {@link CmEngine#accept} or {@link CmEngine#reject}.
   */
  void onRequest(CmListener listener, CmConn conn, PeerRequest request, byte[] privateData);

  /** A SIDR_REQ arrived; to be answered through {@link SidrEngine#answer}. */
  void onDatagramRequest(
      CmListener listener, SidrExchange exchange, InetSocketAddress from, byte[] privateData);

  /** A resolution of ours found its service. It or one of the next two comes once, as the last. */
  void onResolved(SidrExchange exchange, int qpn, int qkey, byte[] privateData);

  /** A resolution of ours was refused. */
  void onNotResolved(SidrExchange exchange, int status, byte[] privateData);

  /** A resolution of ours got no answer. */
  void onResolveFailed(SidrExchange exchange, String message);

  /** Active: the peer accepted; move the queue pair, then call {@link CmEngine#ready}. */
  void onReply(CmConn conn, PeerReply reply, byte[] privateData);

  /** Passive: the RTU arrived, with its private data, or a packet in its place, with none. */
  void onEstablished(CmConn conn, byte[] privateData);

  /** The peer asks for patience, the first time. */
  void onServiceDelay(CmConn conn, long serviceTimeoutNs, byte[] privateData);

  /** The peer refused. */
  void onRejected(CmConn conn, int reason, byte[] privateData);

  /** The peer ended the connection. */
  void onDisconnected(CmConn conn, byte[] privateData);

  /**
   * The peer answered the disconnect of an application that wants to know ({@link CmConn#leaver}),
   * or did not: then the data are empty. Comes although the application ended the connection.
   */
  void onLeft(CmConn conn, byte[] privateData);

  /** The connection could not be made. */
  void onFailed(CmConn conn, String message);
}
