// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a port by what messages name them with, and the ended ones in the order in
 * which they are forgotten. Bounded by {@link CmConfig}.
 */
final class CmTable {
  private record RemoteKey(long high, long low, int commId) {}

  /** With the address, since anybody may claim the CA GUID of another. */
  private record QpKey(long high, long low, long caGuid, int qpn) {}

  private final CmConfig config;
  private final Map<Integer, CmConn> byLocalId = new HashMap<>();
  private final Map<RemoteKey, CmConn> byRemoteId = new HashMap<>();
  private final Map<QpKey, CmConn> byRemoteQp = new HashMap<>();
  private final ArrayDeque<CmConn> lingering = new ArrayDeque<>();
  private int nextId;

  CmTable(CmConfig config, RandomGenerator random) {
    this.config = config;
    this.nextId = random.nextInt();
  }

  /** Connections that are not lingering. */
  int live() {
    return byLocalId.size() - lingering.size();
  }

  int lingering() {
    return lingering.size();
  }

  boolean isFull() {
    return live() >= config.maxConnections();
  }

  /** Gives a connection its communication id and takes it in. */
  void add(CmConn conn) {
    do {
      conn.localId = nextId++;
    } while (conn.localId == 0 || byLocalId.containsKey(conn.localId));
    byLocalId.put(conn.localId, conn);
    if (!conn.active) {
      byRemoteId.put(new RemoteKey(conn.remoteHigh, conn.remoteLow, conn.remoteId), conn);
      learnQp(conn);
    }
  }

  /** Gives a connection another communication id. */
  void renew(CmConn conn) {
    byLocalId.remove(conn.localId);
    add(conn);
  }

  /** Notes the peer's queue pair once a REP told it. */
  void learnQp(CmConn conn) {
    byRemoteQp.put(keyOfQp(conn), conn);
  }

  private static QpKey keyOfQp(CmConn conn) {
    return new QpKey(conn.remoteHigh, conn.remoteLow, conn.remoteGuid, conn.remoteQpn);
  }

  @Nullable CmConn byLocalId(int id) {
    return byLocalId.get(id);
  }

  /** The connection of one of our queue pairs whose REP waits for an RTU. */
  @Nullable CmConn replied(int localQpn) {
    for (CmConn conn : byLocalId.values()) {
      if (conn.localQpn == localQpn && conn.state == CmState.REP_SENT) {
        return conn;
      }
    }
    return null;
  }

  /** The passive connection that a peer's REQ made. */
  @Nullable CmConn byRemoteId(long high, long low, int commId) {
    return byRemoteId.get(new RemoteKey(high, low, commId));
  }

  /** The connection, live or in timewait, of a queue pair of a peer. */
  @Nullable CmConn byRemoteQp(long high, long low, long caGuid, int qpn) {
    return byRemoteQp.get(new QpKey(high, low, caGuid, qpn));
  }

  List<CmConn> all() {
    return new ArrayList<>(byLocalId.values());
  }

  /** Begins to forget a connection whose state says that it ended. */
  void linger(CmConn conn, long nowNs) {
    conn.dueNs = nowNs + config.timewaitNs();
    if (conn.state == CmState.REFUSED) {
      byRemoteQp.remove(keyOfQp(conn), conn);
    }
    lingering.addLast(conn);
    if (lingering.size() > config.maxLingering()) {
      remove(lingering.removeFirst());
    }
  }

  /** Forgets what has lingered long enough. */
  void expire(long nowNs) {
    CmConn oldest = lingering.peekFirst();
    while (oldest != null && oldest.dueNs - nowNs <= 0) {
      lingering.removeFirst();
      remove(oldest);
      oldest = lingering.peekFirst();
    }
  }

  /** Forgets a connection that does not linger. */
  void remove(CmConn conn) {
    byLocalId.remove(conn.localId, conn);
    byRemoteId.remove(new RemoteKey(conn.remoteHigh, conn.remoteLow, conn.remoteId), conn);
    byRemoteQp.remove(keyOfQp(conn), conn);
  }

  /** The earliest time at which a connection is due. */
  long nextDueNs() {
    CmConn oldest = lingering.peekFirst();
    long next = oldest == null ? AgentTask.NO_DEADLINE : oldest.dueNs;
    if (live() == 0) {
      return next;
    }
    for (CmConn conn : byLocalId.values()) {
      if (!conn.lingers() && earlier(conn.dueNs, next)) {
        next = conn.dueNs;
      }
    }
    return next;
  }

  static boolean earlier(long aNs, long bNs) {
    return aNs != AgentTask.NO_DEADLINE && (bNs == AgentTask.NO_DEADLINE || aNs - bNs < 0);
  }
}
