// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.internal.posix.Posix;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Opens sockets with the best way that this system has. */
public final class DatagramIoFactory {
  private DatagramIoFactory() {}

  /**
   * Opens a socket on one address.
   *
   * @param address specific and resolved; port 0 lets the system choose one
   * @throws DatagramIoOpenException if that is not possible; names address, port, reason and remedy
   */
  public static DatagramIo open(InetSocketAddress address, DatagramIoOptions options)
      throws DatagramIoOpenException {
    InetAddress ip = address.getAddress();
    if (ip == null) {
      throw new DatagramIoOpenException(
          address, "the name is not known", "configure the address in numbers", null);
    }
    if (ip.isAnyLocalAddress() || ip.isMulticastAddress()) {
      throw new DatagramIoOpenException(
          address,
          "it is not the address of one interface",
          "configure the port's own address: peers check where packets come from",
          null);
    }
    return switch (options.mode()) {
      case CHANNEL -> new ChannelDatagramIo(address, options);
      case AUTO ->
          Posix.isAvailable()
              ? new LinuxDatagramIo(address, options)
              : new ChannelDatagramIo(address, options);
      case NATIVE -> {
        if (!Posix.isAvailable()) {
          throw new DatagramIoOpenException(
              address, Posix.unavailableReason(), "configure mode auto or channel", null);
        }
        yield new LinuxDatagramIo(address, options);
      }
    };
  }
}
