// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/** The connection manager of a port, as its engine sees it. Called on the agent thread. */
@ConsumerType
@FunctionalInterface
public interface GsiHandler {
  /**
   * A MAD arrived; ICRC, P_Key and Q_Key are checked.
   *
   * @param sourceHigh source GID, upper half
   * @param sourceLow source GID, lower half
   * @param sourceQpn sender's QPN
   * @param mad segment holding it; valid during the call
   * @param offset first byte
   * @param lengthBytes at least 256
   */
  void onMad(
      long sourceHigh,
      long sourceLow,
      int sourceQpn,
      MemorySegment mad,
      long offset,
      int lengthBytes);

  /**
   * A connected queue pair received the first packet of its peer since it is ready to receive: the
   * peer takes the connection as established, whatever became of its RTU (IBA vol. 1, chapter 12,
   * "communication established").
   *
   * @param qpn the queue pair's number
   */
  default void onFirstPacket(int qpn) {}
}
