// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.lang.foreign.MemorySegment;

/**
 * Takes the packets that the engine makes, one at a time: {@link #begin}, write the bytes, {@link
 * #commit}. Implemented by the port on top of its send batch.
 *
 * <p>The engine writes BTH, extended headers, payload and pad. The sink appends the ICRC, because
 * only it knows the IP identification (the place of the packet in a segmented train), counts and
 * shows the packet to the tap. A begun packet that is never committed is forgotten by the next
 * {@link #begin}. Agent thread only.
 */
public interface PacketSink {
  /**
   * Asks for room for a packet.
   *
   * @param destHigh destination GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param destLow lower half
   * @param flow the same for all packets of one queue pair in one direction; a sink with several
   *     sockets may choose the UDP source port by it
   * @param lengthBytes exact length from the BTH to the last pad byte, a multiple of four; the ICRC
   *     is not counted
   * @return false if there is no room now; the engine tries again in its next turn
   */
  boolean begin(long destHigh, long destLow, int flow, int lengthBytes);

  /** Memory where the begun packet is to be written; the bytes hold anything. */
  MemorySegment segment();

  /** Where the begun packet's BTH goes in {@link #segment()}. */
  long offset();

  /** The begun packet is complete: appends the ICRC and queues it. Never fails. */
  void commit();

  /** Whether {@link #piece} may be used. */
  default boolean takesPieces() {
    return false;
  }

  /**
   * The whole payload of the begun packet is this, and need not be copied into {@link #segment()};
   * the sink adds the pad bytes too. It stays unchanged until the port's turn is over; a packet for
   * which that does not hold goes out with a wrong ICRC. Only between {@link #begin} and {@link
   * #commit}, once, and only where {@link #takesPieces()}.
   *
   * @param at offset from the BTH: the length of the headers
   * @param segment native memory
   * @param offset first byte
   * @param lengthBytes at least 1
   */
  default void piece(int at, MemorySegment segment, long offset, int lengthBytes) {
    throw new UnsupportedOperationException("this sink takes no pieces: see takesPieces()");
  }
}
