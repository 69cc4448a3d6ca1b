// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A connection, a listener or a service id resolution of a connection manager, for operators
 * ({@code struct rdma_cm_id} as {@code rdma resource show cm_id} of iproute2 shows it).
 *
 * @param localQpn number of the queue pair; 0 for a listener, an unanswered request and a
 *     resolution
 * @param type of the connection; UD for a listener for datagrams and for a resolution; null for one
 *     that takes any
 * @param state how far it is
 * @param portSpace {@code TCP}, {@code UDP} or {@code IB}, or {@code -} where the service id is not
 *     one of RDMA-CM
 * @param source our address and port
 * @param destination the peer's; null for a listener
 */
public record CmId(
    int localQpn,
    @Nullable QpType type,
    State state,
    String portSpace,
    InetSocketAddress source,
    @Nullable InetSocketAddress destination) {

  /** States, those of {@code enum rdma_cm_state} that there are here. */
  public enum State {
    /** Takes requests. */
    LISTEN,
    /** Is being made, or stands. */
    CONNECT,
    /** Is being ended. */
    DISCONNECT
  }
}
