// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.internal.engine.Gids;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** The way from GIDs of RoCEv2 back to addresses, and GUIDs that follow from addresses. */
final class Addresses {
  private static final int V4_BYTES = 4;
  private static final int V6_BYTES = 16;
  private static final long V4_MAPPED = 0xFFFF_0000_0000L;

  private Addresses() {}

  /** Lower half of an IPv4 address's GID. */
  static long v4Low(int address) {
    return V4_MAPPED | Integer.toUnsignedLong(address);
  }

  /** Writes the address of a GID into an array of 4 or 16 bytes. */
  static void write(long high, long low, byte[] into) {
    if (into.length == V4_BYTES) {
      ByteBuffer.wrap(into).putInt(0, (int) low);
    } else {
      ByteBuffer.wrap(into).putLong(0, high).putLong(Long.BYTES, low);
    }
  }

  /** The address of a GID. */
  static InetAddress address(long high, long low) {
    byte[] bytes = new byte[Gids.isV4(high, low) ? V4_BYTES : V6_BYTES];
    write(high, low, bytes);
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 4 or 16 bytes was refused", e);
    }
  }

  /**
   * A GUID that follows from an address: an EUI-64 with the "locally administered" bit, so that it
   * is nobody's.
   */
  static long guid(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == V4_BYTES) {
      long ip = Integer.toUnsignedLong(ByteBuffer.wrap(bytes).getInt(0));
      return 0x0200_00FF_FE00_0000L | ((ip >>> 24) << 40) | (ip & 0xFF_FFFFL);
    }
    ByteBuffer gid = ByteBuffer.wrap(bytes);
    long mixed = gid.getLong(0) * 31 + gid.getLong(Long.BYTES);
    return (mixed & 0x00FF_FFFF_FFFF_FFFFL) | 0x0200_0000_0000_0000L;
  }
}
