// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** GIDs as two words; an IPv4 address is mapped. */
public final class Gid {
  private static final long V4_MAPPED = 0xFFFF_0000_0000L;
  private static final int V4_BYTES = 4;

  private Gid() {}

  /** Upper half of the GID of an address. */
  public static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == V4_BYTES ? 0 : ByteBuffer.wrap(bytes).getLong();
  }

  /** Lower half of the GID of an address. */
  public static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == V4_BYTES
        ? V4_MAPPED | Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt())
        : ByteBuffer.wrap(bytes).getLong(8);
  }

  /** Address of a GID. */
  public static InetAddress address(long high, long low) throws UnknownHostException {
    // A mapped address becomes an Inet4Address.
    return InetAddress.getByAddress(ByteBuffer.allocate(16).putLong(high).putLong(low).array());
  }
}
