// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.transport.agent.Agent;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A port: the network identity that outlives drivers. A service with the property {@link #PORT},
 * registered while its socket is open. Thread-safe where a method does not say "agent thread".
 */
@ProviderType
public interface RdmaPort {
  /** Multicast groups that queue pairs of a port may be attached to at a time. */
  int MAX_MCAST_GROUPS = 64;

  /** Queue pairs of a port that may be attached to one group. */
  int MAX_MCAST_QP_ATTACH = 256;

  /** Service property: name of the port. */
  String PORT = "ib.port";

  /**
   * Name.
   *
   * @return value of {@link #PORT}
   */
  String name();

  /**
   * Address the socket is bound to.
   *
   * @return IPv4 or IPv6 address
   */
  InetAddress address();

  /**
   * Port GUID.
   *
   * @return EUI-64
   */
  long guid();

  /**
   * Largest path MTU: the configured one, clamped to the link.
   *
   * @return 256, 512, 1024, 2048 or 4096
   */
  int activeMtuBytes();

  /**
   * Whether packets can be sent.
   *
   * @return true while the socket works and its interface is up
   */
  boolean isUp();

  /**
   * Adds a watcher, told of every change from now on. Agent thread.
   *
   * @param watcher not added yet
   */
  void watch(PortWatcher watcher);

  /**
   * Removes a watcher. Agent thread.
   *
   * @param watcher as added; otherwise nothing happens
   */
  void unwatch(PortWatcher watcher);

  /**
   * The thread that owns this port's state and that of every device on it.
   *
   * @return the agent
   */
  Agent agent();

  /**
   * Takes a QP number: random start, then counting, skipping what is in use or in quarantine.
   *
   * @return 24 bits, 2 or more
   * @throws RdmaException if none is free
   */
  int allocateQpn() throws RdmaException;

  /**
   * Gives a QP number back; it is quarantined past timewait before it is used again.
   *
   * @param qpn result of {@link #allocateQpn}
   */
  void releaseQpn(int qpn);

  /**
   * Makes a queue pair in RESET. Agent thread.
   *
   * @param qpn result of {@link #allocateQpn}
   * @param type RC, UC or UD
   * @param backend the hardware side
   * @return the queue pair
   */
  PortQp createQp(int qpn, QpType type, QpBackend backend);

  /**
   * The general services interface (QP1), for the connection manager.
   *
   * @return QP1
   */
  Gsi gsi();

  /**
   * A counter.
   *
   * @param counter which
   * @return value since the port opened
   */
  long counter(PortCounter counter);

  /**
   * Shows every packet sent and received to a tap; null removes it. Any thread; takes effect in the
   * agent's next turn.
   *
   * @param tap called on the agent thread
   */
  void setTap(@Nullable PacketTap tap);
}
