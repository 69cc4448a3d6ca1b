// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The connection manager of a port, a service with the property {@link RdmaDevice#PORT}. Requests
 * for service ids of RDMA-CM use IP addressing (IBA annex A11), those for others are plain (chapter
 * 12). It outlives drivers: connection ids, listeners and timewait are the port's. Thread-safe.
 */
@ProviderType
public interface ConnectionManager {
  /** Q_Key that librdmacm gives to UD queue pairs ({@code RDMA_UDP_QKEY}). */
  int RDMA_UDP_QKEY = 0x0123_4567;

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
   * What there is, for operators: listeners, then connections and resolutions of services that are
   * not over.
   *
   * @return a copy
   * @throws RdmaException if the port does not answer
   */
  List<CmId> cmIds() throws RdmaException;

  /**
   * Service id of a port number in RDMA-CM's TCP port space.
   *
   * @param port 1 to 65535
   * @return {@code 0x0000000001060000 | port}
   */
  static long tcpServiceId(int port) {
    return 0x0000_0000_0106_0000L | checkPort(port);
  }

  /**
   * Service id of a port number in RDMA-CM's UDP port space, whose services are datagrams.
   *
   * @param port 1 to 65535
   * @return {@code 0x0000000001110000 | port}
   */
  static long udpServiceId(int port) {
    return 0x0000_0000_0111_0000L | checkPort(port);
  }

  /**
   * Service id of a port number in RDMA-CM's IB port space, whose services are of any type.
   *
   * @param port 1 to 65535
   * @return {@code 0x00000000013f0000 | port}
   */
  static long ibServiceId(int port) {
    return 0x0000_0000_013F_0000L | checkPort(port);
  }

  private static int checkPort(int port) {
    if (port < 1 || port > 0xFFFF) {
      throw new IllegalArgumentException("port " + port + "; give 1 to 65535");
    }
    return port;
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
   * Connects to a port of RDMA-CM's TCP port space. The queue pair, RC and in RESET (or INIT with
   * receives posted), is moved to RTS before {@code onEstablished}; receives posted in INIT are
   * ready for the peer's first message.
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

  /**
   * Connects to a service id, as {@link #connect} does: with IP addressing where the id is one of
   * RDMA-CM, else with up to 92 bytes of plain private data.
   *
   * @param qp an RC or UC queue pair on a device of this port (RDMA-CM's TCP port space: RC)
   * @param peer IP address of the peer's port
   * @param serviceId any service id
   * @param params what we propose
   * @param handler told of the outcome within the retries (about 15 s at most)
   * @return the connection, not yet established
   * @throws RdmaException as {@link #connect}
   */
  Connection connectService(
      QueuePair qp,
      InetAddress peer,
      long serviceId,
      ConnectParams params,
      ConnectionHandler handler)
      throws RdmaException;

  /**
   * Offers a datagram service: answers SIDR_REQ (IBA vol. 1, 12.11).
   *
   * @param serviceId e.g. {@link #udpServiceId}
   * @param handler takes the requests
   * @return the listener
   * @throws RdmaException if somebody listens there already
   */
  Listener listenDatagram(long serviceId, DatagramListenHandler handler) throws RdmaException;

  /**
   * Asks where the datagrams of a port of RDMA-CM's UDP port space go.
   *
   * @param destination IP address and RDMA-CM port of the peer
   * @param privateData up to 180 bytes
   * @param handler told of the outcome within the retries (about 15 s at most)
   * @return the resolution under way
   * @throws RdmaException if the destination is no address of the port's family, the private data
   *     are too long, too many resolutions are under way, or the port is closed
   */
  Resolution resolve(InetSocketAddress destination, byte[] privateData, ResolveHandler handler)
      throws RdmaException;

  /**
   * Asks where the datagrams of a service go: with IP addressing where the id is one of RDMA-CM,
   * else with up to 216 bytes of plain private data.
   *
   * @param peer IP address of the peer's port
   * @param serviceId any service id
   * @param privateData for the service
   * @param handler told of the outcome within the retries (about 15 s at most)
   * @return the resolution under way
   * @throws RdmaException as {@link #resolve}
   */
  Resolution resolveService(
      InetAddress peer, long serviceId, byte[] privateData, ResolveHandler handler)
      throws RdmaException;
}
