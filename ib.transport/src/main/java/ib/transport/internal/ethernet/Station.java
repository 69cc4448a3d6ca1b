// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.Gids;

/**
 * A host on the link: its GID and its hardware address.
 *
 * @param high GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
 * @param low GID, lower half
 * @param mac hardware address in the low 48 bits
 */
record Station(long high, long low, long mac) {
  boolean isV4() {
    return Gids.isV4(high, low);
  }
}
