// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** GIDs of RoCEv2: IPv6 addresses; an IPv4 address is {@code ::ffff:a.b.c.d} (annex A17.4.2). */
final class Gid {
  /** Length in bytes. */
  static final int BYTES = 16;

  private static final long V4_MAPPED = 0xFFFF_0000_0000L;

  private Gid() {}

  /** Upper half of an address's GID. */
  static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? 0 : ByteBuffer.wrap(bytes).getLong(0);
  }

  /** Lower half of an address's GID. */
  static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4
        ? V4_MAPPED | Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt(0))
        : ByteBuffer.wrap(bytes).getLong(8);
  }

  /** The 16 bytes of a GID. */
  static byte[] bytes(long high, long low) {
    return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
  }

  /** The IP address of a GID. */
  static InetAddress address(long high, long low) {
    try {
      return InetAddress.getByAddress(
          high == 0 && low >>> 32 == V4_MAPPED >>> 32
              ? ByteBuffer.allocate(4).putInt((int) low).array()
              : bytes(high, low));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 4 or 16 bytes was refused", e);
    }
  }
}
