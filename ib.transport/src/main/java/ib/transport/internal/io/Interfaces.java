// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;

/** Which network interface an address belongs to. */
public final class Interfaces {
  private Interfaces() {}

  /**
   * The interface of an address of this machine. Any address of 127.0.0.0/8 works on the loopback
   * interface, which lists only one.
   *
   * @return null if there is none
   */
  public static @Nullable NetworkInterface of(InetAddress address) {
    try {
      NetworkInterface found = NetworkInterface.getByInetAddress(address);
      return found == null && address.isLoopbackAddress()
          ? NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress())
          : found;
    } catch (SocketException e) {
      return null;
    }
  }
}
