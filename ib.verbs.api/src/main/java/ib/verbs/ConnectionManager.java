// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The connection manager of a port, a service with the property {@link RdmaDevice#PORT}. Uses IP
 * addressing (IBA annex A11). It outlives drivers: connection ids, listeners and timewait are the
 * port's. Thread-safe.
 */
@ProviderType
public interface ConnectionManager {
  /**
   * Name of the port.
   *
   * @return value of {@link RdmaDevice#PORT}
   */
  String portName();

  /**
   * Address of the port.
   *
   * @return IP address
   */
  InetAddress localAddress();

  /**
   * Service id of a port number in RDMA-CM's TCP port space.
   *
   * @param port 1 to 65535
   * @return {@code 0x0000000001060000 | port}
   */
  static long tcpServiceId(int port) {
    if (port < 1 || port > 0xFFFF) {
      throw new IllegalArgumentException("port " + port + "; give 1 to 65535");
    }
    return 0x0000_0000_0106_0000L | port;
  }

  /**
   * Listens.
   *
   * @param serviceId e.g. {@link #tcpServiceId}
   * @param handler takes the requests
   * @return the listener
   * @throws RdmaException if somebody listens there already
   */
  Listener listen(long serviceId, ListenHandler handler) throws RdmaException;

  /**
   * Connects. The queue pair, RC and in RESET (or INIT with receives posted), is moved to RTS
   * before {@code onEstablished}; receives posted in INIT are ready for the peer's first message.
   *
   * @param qp a queue pair on a device of this port
   * @param destination IP address and RDMA-CM port of the peer
   * @param params what we propose
   * @param handler told of the outcome within the retries (about 15 s at most)
   * @return the connection, not yet established
   * @throws RdmaException if the queue pair is not RC, is in a wrong state or can't be moved, the
   *     destination is no address of the port's family, the private data are too long, too many
   *     connections are open, or the port is closed
   */
  Connection connect(
      QueuePair qp, InetSocketAddress destination, ConnectParams params, ConnectionHandler handler)
      throws RdmaException;
}
