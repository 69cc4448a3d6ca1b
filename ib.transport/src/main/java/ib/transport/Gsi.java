// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * QP1 of a port: sends and receives 256-byte MADs as UD datagrams with Q_Key 0x80010000. Agent
 * thread only.
 */
@ProviderType
public interface Gsi {
  /** Size of a MAD in bytes. */
  int MAD_BYTES = 256;

  /**
   * Sends a MAD to QP1 of a peer.
   *
   * @param destHigh destination GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param destLow lower half
   * @param mad segment holding 256 bytes
   * @param offset first byte
   * @return false if the send queue of the port is full: try again later
   */
  boolean send(long destHigh, long destLow, MemorySegment mad, long offset);

  /**
   * Sets the one receiver.
   *
   * @param handler null to drop and count what arrives
   */
  void setHandler(@Nullable GsiHandler handler);
}
