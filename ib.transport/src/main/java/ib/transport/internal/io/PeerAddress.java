// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where datagrams go: an IP address and a UDP port, ready to be written into a {@code sockaddr}
 * without a look-up. Immutable.
 *
 * <p>An IPv4 address is held in {@link #v4()}; an IPv6 address in {@link #v6High()} and {@link
 * #v6Low()}, first byte uppermost.
 */
public final class PeerAddress {
  private static final int LARGEST_PORT = 65535;

  private final boolean ipv6;
  private final long high;
  private final long low;
  private final int port;
  private final int scopeId;
  private final InetSocketAddress socketAddress;

  private PeerAddress(InetSocketAddress address, InetAddress ip) {
    byte[] bytes = ip.getAddress();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    this.ipv6 = bytes.length == 16;
    this.high = ipv6 ? buffer.getLong(0) : 0;
    this.low = ipv6 ? buffer.getLong(8) : Integer.toUnsignedLong(buffer.getInt(0));
    this.port = address.getPort();
    this.scopeId = ip instanceof Inet6Address v6 ? v6.getScopeId() : 0;
    this.socketAddress = address;
  }

  /**
   * Makes an address.
   *
   * @throws IllegalArgumentException if it is unresolved, a wildcard, or has port 0
   */
  public static PeerAddress of(InetSocketAddress address) {
    InetAddress ip = address.getAddress();
    if (ip == null || ip.isAnyLocalAddress() || address.getPort() == 0) {
      throw new IllegalArgumentException(
          address + ": a datagram needs a resolved, specific address and a port other than 0");
    }
    return new PeerAddress(address, ip);
  }

  /** The source of a packet, whatever a peer put there. */
  static PeerAddress ofSource(InetSocketAddress source) {
    return new PeerAddress(source, source.getAddress());
  }

  /** Makes an address from its IP and port 1..65535. */
  public static PeerAddress of(InetAddress ip, int port) {
    if (port < 1 || port > LARGEST_PORT) {
      throw new IllegalArgumentException("port " + port + ": must be 1.." + LARGEST_PORT);
    }
    return of(new InetSocketAddress(ip, port));
  }

  /** Whether this is an IPv6 address. */
  public boolean isIpv6() {
    return ipv6;
  }

  /** The four bytes of an IPv4 address, the first one uppermost. */
  public int v4() {
    return (int) low;
  }

  /** Bytes 0 to 7 of an IPv6 address; 0 for IPv4. */
  public long v6High() {
    return high;
  }

  /** Bytes 8 to 15 of an IPv6 address; the IPv4 address in the low half for IPv4. */
  public long v6Low() {
    return low;
  }

  /** The scope of a link-local IPv6 address, or 0. */
  public int scopeId() {
    return scopeId;
  }

  /** The UDP port. */
  public int port() {
    return port;
  }

  /** The same as the JDK has it. */
  public InetSocketAddress socketAddress() {
    return socketAddress;
  }

  @Override
  @SuppressWarnings(
      "ReferenceEquality") // the quick answer first: most packets of a run share the object
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PeerAddress a
            && low == a.low
            && high == a.high
            && port == a.port
            && scopeId == a.scopeId
            && ipv6 == a.ipv6);
  }

  @Override
  public int hashCode() {
    return Objects.hash(high, low, port);
  }

  @Override
  public String toString() {
    return socketAddress.toString();
  }
}
