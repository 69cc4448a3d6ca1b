// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.wire.Gids;
import java.net.InetAddress;

/**
 * What a connection manager knows about its port.
 *
 * @param name for messages
 * @param address the port's IP address
 * @param guid stands in the place of the CA GUID: with a QPN it names a queue pair in the fabric
 * @param mtuBytes largest path MTU
 */
record CmPort(String name, InetAddress address, long guid, int mtuBytes) {
  long gidHigh() {
    return Gids.high(address);
  }

  long gidLow() {
    return Gids.low(address);
  }
}
