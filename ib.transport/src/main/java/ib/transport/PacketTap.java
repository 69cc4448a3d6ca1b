// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Sees the packets of a port, e.g. to write a capture. Called on the agent thread; must not block
 * for long or keep the segment.
 */
@ConsumerType
@FunctionalInterface
public interface PacketTap {
  /**
   * A packet was sent or received (also those that are dropped afterwards).
   *
   * @param sent true if the port sent it
   * @param sourceHigh source GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param sourceLow source GID, lower half
   * @param sourcePort UDP source port
   * @param destHigh destination GID, upper half
   * @param destLow destination GID, lower half
   * @param ipId IPv4 identification that the ICRC was made with (for a received packet: found while
   *     checking, else 0)
   * @param packet segment holding BTH to ICRC
   * @param offset first byte
   * @param lengthBytes BTH to ICRC
   */
  void onPacket(
      boolean sent,
      long sourceHigh,
      long sourceLow,
      int sourcePort,
      long destHigh,
      long destLow,
      int ipId,
      MemorySegment packet,
      long offset,
      int lengthBytes);
}
