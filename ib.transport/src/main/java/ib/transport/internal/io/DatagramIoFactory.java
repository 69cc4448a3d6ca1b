// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import ib.transport.internal.posix.Posix;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;

/** Opens sockets with the best way that this system has. */
public final class DatagramIoFactory {
  private DatagramIoFactory() {}

  /**
   * Opens a socket that receives what is sent to a multicast group. Several may be open for the
   * same group.
   *
   * @param group multicast address and port
   * @param own address of the interface on which the group is joined
   * @throws DatagramIoOpenException if that is not possible, with reason and remedy
   */
  public static DatagramIo openGroup(
      InetSocketAddress group, InetAddress own, DatagramIoOptions options)
      throws DatagramIoOpenException {
    NetworkInterface on = Interfaces.of(own);
    if (on == null) {
      throw new DatagramIoOpenException(
          group,
          own.getHostAddress() + " is on no interface",
          "configure an address that ip address shows",
          null);
    }
    return isNative(group, options)
        ? new LinuxDatagramIo(group, options, on)
        : new ChannelDatagramIo(group, options, on);
  }

  private static boolean isNative(InetSocketAddress address, DatagramIoOptions options)
      throws DatagramIoOpenException {
    boolean wanted = options.mode() == DatagramIoOptions.Mode.NATIVE;
    if (wanted && !Posix.isAvailable()) {
      throw new DatagramIoOpenException(
          address, Posix.unavailableReason(), "configure mode auto or channel", null);
    }
    return options.mode() != DatagramIoOptions.Mode.CHANNEL && Posix.isAvailable();
  }

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
    return isNative(address, options)
        ? new LinuxDatagramIo(address, options, null)
        : new ChannelDatagramIo(address, options);
  }
}
