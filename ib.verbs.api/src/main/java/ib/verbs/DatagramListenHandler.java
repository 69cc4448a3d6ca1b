// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Takes requests for a datagram service. Called on the connection manager's event thread; hand long
 * work to another thread.
 */
@ConsumerType
@FunctionalInterface
public interface DatagramListenHandler {
  /**
   * A request arrived (its retransmissions are answered by the connection manager).
   *
   * @param request to be answered once
   */
  void onDatagramRequest(DatagramRequest request);
}
