// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket could not be opened. The message names address, port, the system's reason and a
 * remedy.
 */
public final class DatagramIoOpenException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Makes an exception. */
  public DatagramIoOpenException(
      InetSocketAddress address, String reason, String remedy, @Nullable Throwable cause) {
    super("cannot open UDP " + address + ": " + reason + "; " + remedy, cause);
  }

  /** Makes an exception for a link of frames. */
  public DatagramIoOpenException(
      String link, String reason, String remedy, @Nullable Throwable cause) {
    super("cannot open " + link + ": " + reason + "; " + remedy, cause);
  }
}
