// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.agent.Pollable;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * A UDP socket that is bound to one specific address and port, connected to none, never blocks and
 * never fragments (Don't-Fragment is set, so that IPv4 packets have Identification 0, or k for the
 * k-th of a train).
 *
 * <p>Used by one thread at a time; {@link #counter} by any.
 */
public interface DatagramIo extends Pollable, AutoCloseable {
  /** The address and port it is bound to. */
  InetSocketAddress localAddress();

  /** Which implementation this is, and what it offloads, for people. */
  String description();

  /**
   * The receive buffer that the system granted, in bytes as it counts them. Linux counts its own
   * bookkeeping too: about half of it is payload.
   */
  int receiveBufferBytes();

  /** The send buffer that the system granted, in bytes as it counts them. */
  int sendBufferBytes();

  /** Whether payloads that lie elsewhere are sent from where they are, without a copy. */
  default boolean gathersSends() {
    return false;
  }

  /**
   * Whether runs of equal-size packets are sent as one. May become false once the system has
   * refused one.
   */
  boolean offloadsSends();

  /** Whether runs of equal-size packets may be received as one. */
  boolean offloadsReceives();

  /**
   * Fills {@code batch} with what has arrived, and rewinds it. What it held before is overwritten.
   *
   * @return the packets in the batch; 0 when nothing has arrived
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the socket is not usable any more
   */
  int receive(ReceiveBatch batch) throws IOException;

  /**
   * A turn of the agent begins: a socket that keeps deadlines handles those that have passed.
   * Called before {@link #receive}.
   *
   * @param nowNs the agent's clock
   * @throws IOException if the socket is not usable any more
   */
  default void onTurn(long nowNs) throws IOException {}

  /** When the next turn is due on the agent's clock, or {@link Long#MAX_VALUE}. */
  default long nextDeadlineNs() {
    return Long.MAX_VALUE;
  }

  /** The packets that wait for {@link #flush()}. */
  SendBatch sendBatch();

  /**
   * Hands the packets of {@link #sendBatch()} to the system, in their order. What it does not take
   * for lack of room stays queued, copied out of foreign payloads; {@link #wantsWrite()} is then
   * true. A packet that can't be sent is dropped, counted by cause, and told to the listener.
   *
   * @return the packets taken off the queue, sent or dropped
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the socket is not usable any more; the packets stay queued
   */
  int flush() throws IOException;

  /** Reads a counter. */
  long counter(IoCounter counter);

  /** Closes the socket; packets that wait are dropped. */
  @Override
  void close();
}
