// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * GIDs of RoCEv2, as two halves with the first byte highest: an IPv6 address as it is, an IPv4
 * address as {@code ::ffff:a.b.c.d} (annex A17.4.2).
 */
public final class Gids {
  /** Length of a GID. */
  public static final int BYTES = 16;

  private static final int V4_BYTES = 4;
  private static final long V4_PREFIX = 0xFFFFL;

  private Gids() {}

  /** Upper half of an address's GID. */
  public static long high(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == V4_BYTES ? 0 : ByteBuffer.wrap(bytes).getLong(0);
  }

  /** Lower half of an address's GID. */
  public static long low(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == V4_BYTES
        ? v4Low(ByteBuffer.wrap(bytes).getInt(0))
        : ByteBuffer.wrap(bytes).getLong(Long.BYTES);
  }

  /** Lower half of an IPv4 address's GID. */
  public static long v4Low(int address) {
    return V4_PREFIX << Integer.SIZE | Integer.toUnsignedLong(address);
  }

  /** Whether a GID is an IPv4 address. */
  public static boolean isV4(long high, long low) {
    return high == 0 && low >>> Integer.SIZE == V4_PREFIX;
  }

  /** Whether a GID is that of an IPv4 or IPv6 multicast group. */
  public static boolean isMulticast(long high, long low) {
    return isV4(high, low) ? (low >>> 28 & 0xF) == 0xE : high >>> 56 == 0xFF;
  }

  /** Writes the address of a GID into an array of 4 (the IPv4 address) or 16 bytes. */
  public static void write(long high, long low, byte[] into) {
    if (into.length == V4_BYTES) {
      ByteBuffer.wrap(into).putInt(0, (int) low);
    } else {
      ByteBuffer.wrap(into).putLong(0, high).putLong(Long.BYTES, low);
    }
  }

  /** The 16 bytes of a GID. */
  public static byte[] bytes(long high, long low) {
    byte[] bytes = new byte[BYTES];
    write(high, low, bytes);
    return bytes;
  }

  /** The IP address of a GID. */
  public static InetAddress address(long high, long low) {
    byte[] bytes = new byte[isV4(high, low) ? V4_BYTES : BYTES];
    write(high, low, bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 4 or 16 bytes was refused", e);
    }
  }
}
