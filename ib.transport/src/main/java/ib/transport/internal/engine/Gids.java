// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/** IP addresses as RoCEv2 GIDs: IPv6 as it is, IPv4 as {@code ::ffff:a.b.c.d}. */
public final class Gids {
  private static final long V4_PREFIX = 0xFFFFL;

  private Gids() {}

  /** The upper half of an address' GID. */
  public static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4 ? 0 : ByteBuffer.wrap(bytes).getLong(0);
  }

  /** The lower half of an address' GID. */
  public static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == 4
        ? V4_PREFIX << 32 | Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt(0))
        : ByteBuffer.wrap(bytes).getLong(8);
  }

  /** Whether a GID is {@code ::ffff:a.b.c.d}. */
  public static boolean isV4(long high, long low) {
    return high == 0 && low >>> 32 == V4_PREFIX;
  }
}
