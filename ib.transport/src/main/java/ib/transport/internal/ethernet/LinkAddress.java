// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the frames of a port go, as QEMU's network devices speak: {@code
 * dgram:127.0.0.1:7001->127.0.0.1:7002} is its {@code -netdev dgram} (one frame a datagram, from
 * this address to that one), {@code stream:/path} its {@code -netdev stream,server=on} (a Unix
 * socket on which the other end listens; each frame behind its length in four bytes).
 */
public sealed interface LinkAddress {
  /** What a valid one looks like. */
  String REMEDY =
      "give dgram:ADDRESS:PORT->ADDRESS:PORT with loopback addresses (ours, then QEMU's) or"
          + " stream:/PATH, the socket that QEMU listens on";

  /** Datagrams. */
  record Datagram(InetSocketAddress local, InetSocketAddress remote) implements LinkAddress {
    @Override
    public String toString() {
      return "dgram:" + text(local) + "->" + text(remote);
    }

    private static String text(InetSocketAddress address) {
      return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
  }

  /** A Unix socket that the other end listens on. */
  record Stream(Path path) implements LinkAddress {
    @Override
    public String toString() {
      return "stream:" + path;
    }
  }

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException that says what is wrong with it
   */
  static LinkAddress parse(String text) {
    if (text.startsWith("stream:")) {
      return stream(text.substring("stream:".length()));
    }
    Matcher parts = Parts.DATAGRAM.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException("which is no link");
    }
    return new Datagram(
        loopback(parts.group(1), parts.group(2)), loopback(parts.group(3), parts.group(4)));
  }

  private static LinkAddress stream(String text) {
    try {
      Path path = Path.of(text);
      if (!path.isAbsolute()) {
        throw new IllegalArgumentException("whose path does not begin with /");
      }
      return new Stream(path);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("whose path is none: " + e.getReason(), e);
    }
  }

  private static InetSocketAddress loopback(String address, String port) {
    InetAddress ip;
    try {
      ip = InetAddress.ofLiteral(address);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("with " + address + ", which is no IP address", e);
    }
    if (!ip.isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "with " + address + ", which is not on this machine: frames are not protected");
    }
    int number = Integer.parseInt(port);
    if (number < 1 || number > Parts.LARGEST_PORT) {
      throw new IllegalArgumentException("with port " + port + ", which is not 1..65535");
    }
    return new InetSocketAddress(ip, number);
  }

  /**
   * Opens it.
   *
   * @param options sizes of buffers and of the send batch, whose packets are frames
   * @throws DatagramIoOpenException if that is not possible now, with reason and remedy
   */
  default FrameLink open(DatagramIoOptions options) throws DatagramIoOpenException {
    return switch (this) {
      case Datagram datagram -> new DatagramLink(datagram, options);
      case Stream stream -> StreamLink.connect(stream, options);
    };
  }

  /** How it is written. */
  final class Parts {
    private static final Pattern DATAGRAM =
        Pattern.compile(
            "dgram:([0-9.]+|[0-9a-fA-F:]+):([0-9]{1,5})->([0-9.]+|[0-9a-fA-F:]+):([0-9]{1,5})");

    private static final int LARGEST_PORT = 65_535;

    private Parts() {}
  }
}
