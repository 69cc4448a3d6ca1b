// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Takes connection requests. Called on the connection manager's event thread; hand long work to
 * another thread.
 */
@ConsumerType
@FunctionalInterface
public interface ListenHandler {
  /**
   * A request arrived (its retransmissions are answered by the connection manager).
   *
   * @param request to be answered once
   */
  void onConnectRequest(ConnectRequest request);
}
