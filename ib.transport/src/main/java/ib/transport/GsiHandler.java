// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/** Takes MADs of QP1, on the agent thread. */
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
}
