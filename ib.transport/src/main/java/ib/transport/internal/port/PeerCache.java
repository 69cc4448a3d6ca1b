// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.internal.io.PeerAddress;
import ib.transport.wire.Gids;
import ib.transport.wire.IcrcFlow;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Addresses of peers by their GIDs, so that a packet to one that was talked to lately allocates
 * nothing. Fixed size: a newcomer takes the place of whoever was in its slot.
 */
final class PeerCache {
  private static final int SLOTS = 1024;
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;
  private static final int SHIFT = Long.SIZE - Integer.numberOfTrailingZeros(SLOTS);

  private final long[] highs = new long[SLOTS];
  private final long[] lows = new long[SLOTS];
  private final @Nullable PeerAddress[] peers = new PeerAddress[SLOTS];
  private final int scopeId;

  /**
   * Makes one that holds nobody.
   *
   * @param own address of the port: link-local peers, whose GIDs do not say so, are on its
   *     interface
   */
  PeerCache(InetAddress own) {
    scopeId = own instanceof Inet6Address ipv6 ? ipv6.getScopeId() : 0;
  }

  /**
   * The peer with this GID, at the port of RoCEv2.
   *
   * @throws IllegalArgumentException if the GID is no address that can be sent to
   */
  PeerAddress get(long high, long low) {
    int slot = (int) (((low ^ (high * 31)) * GOLDEN) >>> SHIFT);
    PeerAddress peer = peers[slot];
    if (peer == null || highs[slot] != high || lows[slot] != low) {
      peer = PeerAddress.of(address(high, low), IcrcFlow.ROCE_PORT);
      peers[slot] = peer;
      highs[slot] = high;
      lows[slot] = low;
    }
    return peer;
  }

  private InetAddress address(long high, long low) {
    InetAddress address = Gids.address(high, low);
    if (scopeId == 0 || !(address.isLinkLocalAddress() || address.isMCLinkLocal())) {
      return address;
    }
    try {
      return Inet6Address.getByAddress(null, address.getAddress(), scopeId);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(address + " has no scope", e);
    }
  }
}
