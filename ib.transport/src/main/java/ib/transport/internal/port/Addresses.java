// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.wire.Gids;
import java.net.Inet4Address;
import java.net.InetAddress;

/** GUIDs that follow from addresses. */
final class Addresses {
  private static final long LOCALLY_ADMINISTERED = 0x0200_0000_0000_0000L;

  private Addresses() {}

  /**
   * A GUID that follows from an address: an EUI-64 with the "locally administered" bit, so that it
   * is nobody's.
   */
  static long guid(InetAddress address) {
    long low = Gids.low(address);
    if (address instanceof Inet4Address) {
      long ip = low & 0xFFFF_FFFFL;
      return LOCALLY_ADMINISTERED | 0xFF_FE00_0000L | ((ip >>> 24) << 40) | (ip & 0xFF_FFFFL);
    }
    long mixed = Gids.high(address) * 31 + low;
    return (mixed & 0x00FF_FFFF_FFFF_FFFFL) | LOCALLY_ADMINISTERED;
  }
}
