// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.PacketTap;
import org.jspecify.annotations.Nullable;

/** A configured port as operators see it, also one that is not open. Thread-safe. */
interface PortStatus {
  /** The port's name, or where its configuration comes from if that can't be read. */
  String label();

  /** The port while it is open. */
  @Nullable UdpPort port();

  /**
   * Shows what the port sends and receives from now on to a tap, also after it was opened anew;
   * null removes it.
   */
  void setTap(@Nullable PacketTap tap);

  /** {@code up}, or why not. */
  String state();
}
