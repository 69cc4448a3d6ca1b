// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.agent.Pollable;
import ib.transport.internal.io.IoCounter;
import ib.transport.internal.io.PeerAddress;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.internal.io.SendBatch;
import java.io.IOException;

/**
 * Carries Ethernet frames, without their check sequence, to and from one other end: a cable. Never
 * blocks. Used by one thread at a time; {@link #counter} by any.
 */
interface FrameLink extends Pollable, AutoCloseable {
  /** What it is, for people. */
  String description();

  /** Bytes that may arrive before somebody looks, as {@code DatagramIo} counts them. */
  int receiveBufferBytes();

  /** Bytes that may be sent before the other end looks. */
  int sendBufferBytes();

  /**
   * A turn begins: what was held back for a time is due.
   *
   * @param nowNs the agent's clock
   */
  default void onTurn(long nowNs) throws IOException {}

  /** When the next turn is due, or {@link Long#MAX_VALUE}. */
  default long nextDeadlineNs() {
    return Long.MAX_VALUE;
  }

  /**
   * Fills {@code batch} with the frames that have arrived, one a slot, and rewinds it.
   *
   * @return how many
   * @throws IOException if the link is not usable any more
   */
  int receive(ReceiveBatch batch) throws IOException;

  /** The frames that wait for {@link #flush()}. */
  SendBatch sendBatch();

  /** What frames are added to {@link #sendBatch()} for. */
  PeerAddress peer();

  /**
   * Sends the frames of {@link #sendBatch()} in order; those that find no room stay.
   *
   * @return frames taken off the batch
   * @throws IOException if the link is not usable any more
   */
  int flush() throws IOException;

  /** Reads a counter. */
  long counter(IoCounter counter);

  @Override
  void close();
}
