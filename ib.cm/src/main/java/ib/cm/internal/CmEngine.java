// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.transport.wire.Gids;
import ib.transport.wire.Mad;
import ib.transport.wire.TimeoutCode;
import ib.verbs.CmId;
import ib.verbs.ConnectParams;
import ib.verbs.RejectReason;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The connection manager of a port as a state machine (IBA vol. 1, chapter 12): takes messages,
 * commands and the time, and gives messages and events to a {@link CmSink} and the time at which it
 * wants to be called again. It has no thread, socket or clock; one thread at a time uses it.
 *
 * <p>This class holds commands and timers, {@link CmInbound} what messages do.
 */
final class CmEngine {
  private static final int FIRST_SOURCE_PORT = 32_768;
  private static final int SOURCE_PORTS = 28_232;
  private static final int MAX_PSN = 1 << 24;
  private static final byte[] NOTHING = {};

  /** However short the peer says that its answers take: 1 ms, as in Linux. */
  private static final long LEAST_REPEAT_NS = 1_000_000;

  final CmPort port;
  final CmConfig config;
  final CmTable table;
  final CmSink sink;
  private final RandomGenerator random;
  private final CmInbound inbound;

  /** The part that deals with datagram services. */
  final SidrEngine sidr;

  private final Map<Long, CmListener> listeners = new HashMap<>();
  private final Map<CmCounter, Long> counters = new EnumMap<>(CmCounter.class);
  private long nextTransaction;
  private int nextSourcePort;
  private long nextDueNs = AgentTask.NO_DEADLINE;

  CmEngine(CmPort port, CmConfig config, RandomGenerator random, CmSink sink) {
    this.port = port;
    this.config = config;
    this.random = random;
    this.sink = sink;
    this.table = new CmTable(config, random);
    this.inbound = new CmInbound(this);
    this.sidr = new SidrEngine(this, random);
    this.nextTransaction = random.nextLong();
    this.nextSourcePort = random.nextInt(SOURCE_PORTS);
  }

  long counter(CmCounter counter) {
    return counters.getOrDefault(counter, 0L);
  }

  void count(CmCounter counter) {
    counters.merge(counter, 1L, Long::sum);
  }

  // Commands.

  /** Listens for connections; null if somebody listens already. */
  @Nullable CmListener listen(long serviceId, Object owner) {
    return listen(new CmListener(serviceId, owner, false));
  }

  /** Offers a datagram service; null if somebody listens already. */
  @Nullable CmListener listenDatagrams(long serviceId, Object owner) {
    return listen(new CmListener(serviceId, owner, true));
  }

  private @Nullable CmListener listen(CmListener listener) {
    long serviceId = listener.serviceId;
    return listeners.putIfAbsent(serviceId, listener) == null ? listener : null;
  }

  @Nullable CmListener listener(long serviceId) {
    return listeners.get(serviceId);
  }

  /** Stops listening and refuses the unanswered requests. */
  void unlisten(CmListener listener, long nowNs) {
    if (!listeners.remove(listener.serviceId, listener)) {
      return;
    }
    sidr.unlisten(listener, nowNs);
    for (CmConn conn : table.all()) {
      if (isListener(conn.listener, listener)) {
        reject(conn, RejectReason.INVALID_SERVICE_ID, NOTHING, nowNs);
      }
    }
  }

  /** Listeners, then connections and resolutions that are not over. */
  List<CmId> cmIds() {
    List<CmId> ids = new ArrayList<>();
    for (CmListener listener : listeners.values()) {
      ids.add(CmIds.of(listener, port));
    }
    for (CmConn conn : table.all()) {
      if (!conn.lingers()) {
        ids.add(CmIds.of(conn, port));
      }
    }
    sidr.addIds(ids);
    return ids;
  }

  @SuppressWarnings("ReferenceEquality") // a listener is itself
  private static boolean isListener(@Nullable CmListener a, CmListener b) {
    return a == b;
  }

  /** Sends a REQ; null if there are too many connections. */
  @Nullable CmConn connect(ConnectSpec spec, Object owner, long nowNs) {
    if (table.isFull()) {
      return null;
    }
    var address = spec.destination().getAddress();
    CmConn conn = new CmConn(true, CmState.REQ_SENT, Gids.high(address), Gids.low(address), nowNs);
    conn.owner = owner;
    conn.spec = spec;
    conn.type = spec.type();
    conn.remotePort = spec.destination().getPort();
    conn.serviceId = spec.serviceId();
    conn.localQpn = spec.qpn();
    conn.localPsn = random.nextInt(MAX_PSN);
    conn.pathMtuBytes = port.mtuBytes();
    table.add(conn);
    sendReq(conn, spec, nowNs);
    return conn;
  }

  /** Asks again for a smaller path MTU, under another communication id. */
  void connectWithMtu(CmConn conn, ConnectSpec spec, int mtuBytes, long nowNs) {
    conn.pathMtuBytes = mtuBytes;
    table.renew(conn);
    sendReq(conn, spec, nowNs);
  }

  private void sendReq(CmConn conn, ConnectSpec spec, long nowNs) {
    conn.transactionId = newTransaction();
    conn.sourcePort = newSourcePort();
    MemorySegment req = CmMessages.req(conn, spec, port, config, conn.sourcePort);
    repeat(conn, req, config.maxRetries(), config.responseTimeoutNs(), nowNs);
  }

  long newTransaction() {
    return nextTransaction++;
  }

  /** The RDMA-CM port that a request says it comes from. */
  int newSourcePort() {
    int sourcePort = FIRST_SOURCE_PORT + nextSourcePort;
    nextSourcePort = (nextSourcePort + 1) % SOURCE_PORTS;
    return sourcePort;
  }

  /** Active: the queue pair is in RTS; tells the peer. Nothing happens if the connection ended. */
  void ready(CmConn conn) {
    ready(conn, NOTHING);
  }

  /** The same with something to say. */
  void ready(CmConn conn, byte[] privateData) {
    if (conn.state != CmState.REP_RCVD) {
      return;
    }
    conn.state = CmState.ESTABLISHED;
    conn.message = CmMessages.rtu(conn, privateData);
    conn.dueNs = AgentTask.NO_DEADLINE;
    send(conn, conn.message);
  }

  /** Active: the queue pair could not be moved; refuses the REP. */
  void refuseReply(CmConn conn, long nowNs) {
    if (conn.state == CmState.REP_RCVD) {
      sendRej(conn, CmMessages.OF_REP, RejectReason.NO_QP);
      toTimewait(conn, nowNs);
    }
  }

  /**
   * Passive: answers a request with a REP.
   *
   * @param psn first PSN that the queue pair expects
   * @return false if the request is no longer there
   */
  boolean accept(CmConn conn, int qpn, int psn, ConnectParams params, Object owner, long nowNs) {
    if (conn.state != CmState.REQ_RCVD) {
      return false;
    }
    answered(conn);
    conn.owner = owner;
    conn.localQpn = qpn;
    conn.localPsn = psn;
    conn.state = CmState.REP_SENT;
    conn.waitsSinceNs = nowNs;
    MemorySegment rep = CmMessages.rep(conn, params, port);
    repeat(conn, rep, conn.replyRetries, conn.replyRepeatNs, nowNs);
    return true;
  }

  /** Passive: asks the peer of an unanswered request for patience. */
  void delay(CmConn conn, byte[] privateData) {
    if (conn.state == CmState.REQ_RCVD) {
      sendMra(conn, CmMessages.OF_REQ, privateData);
    }
  }

  /** Passive: answers a request with a REJ; false if it is no longer there. */
  boolean reject(CmConn conn, int reason, byte[] privateData, long nowNs) {
    if (conn.state != CmState.REQ_RCVD) {
      return false;
    }
    answered(conn);
    conn.message =
        CmMessages.rej(
            conn.transactionId,
            conn.localId,
            conn.remoteId,
            CmMessages.OF_REQ,
            reason,
            NOTHING,
            privateData);
    send(conn, conn.message);
    toRefused(conn, nowNs);
    return true;
  }

  /**
   * Passive: the queue pair received a packet of its peer, which has got the REP then; its RTU may
   * be lost (IBA vol. 1, chapter 12). Nothing happens where the RTU came before.
   */
  void communicationEstablished(int qpn) {
    CmConn conn = table.replied(qpn);
    if (conn != null) {
      established(conn, NOTHING);
    }
  }

  /** Passive: the peer is ready. */
  void established(CmConn conn, byte[] privateData) {
    conn.state = CmState.ESTABLISHED;
    conn.message = null;
    conn.dueNs = AgentTask.NO_DEADLINE;
    sink.onEstablished(conn, privateData);
  }

  /** Ends a connection in whatever state; no event follows. */
  void disconnect(CmConn conn, long nowNs) {
    disconnect(conn, NOTHING, nowNs);
  }

  /** Ends a connection in whatever state; no event but {@link CmSink#onLeft} follows. */
  void disconnect(CmConn conn, byte[] privateData, long nowNs) {
    end(conn, privateData, nowNs);
    if (conn.state != CmState.DREQ_SENT) {
      left(conn, NOTHING);
    }
  }

  private void end(CmConn conn, byte[] privateData, long nowNs) {
    conn.owner = null;
    switch (conn.state) {
      case REQ_SENT -> {
        sendTimeoutRej(conn);
        toRefused(conn, nowNs);
      }
      case REP_RCVD -> {
        sendRej(conn, CmMessages.OF_REP, RejectReason.CONSUMER_DEFINED);
        toTimewait(conn, nowNs);
      }
      case REP_SENT, ESTABLISHED -> sendDreq(conn, privateData, nowNs);
      case REQ_RCVD -> reject(conn, RejectReason.CONSUMER_DEFINED, NOTHING, nowNs);
      case DREQ_SENT, TIMEWAIT, REFUSED -> {}
    }
  }

  /** The port goes: tells every peer once that its connection ends, and forgets everything. */
  void close(long nowNs) {
    for (CmConn conn : table.all()) {
      CmState before = conn.state;
      Object owner = conn.owner;
      disconnect(conn, nowNs);
      left(conn, NOTHING);
      conn.owner = owner;
      if (before == CmState.ESTABLISHED) {
        disconnected(conn, NOTHING);
      } else {
        failed(conn, "port " + port.name() + " closed before the connection was made");
      }
      table.remove(conn);
    }
    sidr.close(nowNs);
    listeners.clear();
    nextDueNs = AgentTask.NO_DEADLINE;
  }

  // Messages and time.

  /**
   * Takes a MAD.
   *
   * @param sourceHigh GID that it came from, upper half
   * @param sourceLow lower half
   * @param mad segment holding it, valid during the call
   */
  void receive(
      long sourceHigh, long sourceLow, MemorySegment mad, long off, int lengthBytes, long nowNs) {
    if (!Mad.isCm(mad, off, lengthBytes)) {
      count(CmCounter.DROPPED_MALFORMED);
      if (CmInbound.isOtherVersion(mad, off, lengthBytes)) {
        inbound.refuseVersion(sourceHigh, sourceLow, mad, off);
      }
    } else if (!sink.hasRoom()) {
      count(CmCounter.DROPPED_BUSY);
    } else {
      count(CmCounter.RECEIVED);
      inbound.receive(sourceHigh, sourceLow, mad, off, nowNs);
    }
  }

  /** When {@link #poll} is to be called, or {@link AgentTask#NO_DEADLINE}. */
  long nextDueNs() {
    return CmTable.earlier(sidr.nextDueNs(), nextDueNs) ? sidr.nextDueNs() : nextDueNs;
  }

  /** Does what is due; the work done. */
  int poll(long nowNs) {
    int work = sidr.poll(nowNs);
    if (nextDueNs == AgentTask.NO_DEADLINE || nextDueNs - nowNs > 0) {
      return work;
    }
    table.expire(nowNs);
    work++;
    for (CmConn conn : table.all()) {
      if (!conn.lingers() && conn.dueNs != AgentTask.NO_DEADLINE && conn.dueNs - nowNs <= 0) {
        due(conn, nowNs);
        work++;
      }
    }
    nextDueNs = table.nextDueNs();
    return work;
  }

  private void due(CmConn conn, long nowNs) {
    MemorySegment message = conn.message;
    if (conn.state == CmState.REQ_RCVD) {
      dueRequest(conn, nowNs);
    } else if (conn.retriesLeft > 0
        && message != null
        && (conn.state == CmState.DREQ_SENT || !limitReached(conn, nowNs))) {
      conn.retriesLeft--;
      conn.sent++;
      count(CmCounter.RETRIES);
      send(conn, message);
      wakeAt(conn, nowNs + conn.repeatNs);
    } else {
      giveUp(conn, nowNs);
    }
  }

  private boolean limitReached(CmConn conn, long nowNs) {
    return nowNs - conn.waitsSinceNs >= config.connectLimitNs();
  }

  /** An unanswered request: first the peer is asked for patience, then it is refused. */
  private void dueRequest(CmConn conn, long nowNs) {
    if (nowNs - conn.beganNs >= config.requestLimitNs()) {
      reject(conn, RejectReason.TIMEOUT, NOTHING, nowNs);
    } else {
      sendMra(conn, CmMessages.OF_REQ);
      wakeAt(conn, conn.beganNs + config.requestLimitNs());
    }
  }

  private void giveUp(CmConn conn, long nowNs) {
    switch (conn.state) {
      case REQ_SENT -> {
        sendTimeoutRej(conn);
        toRefused(conn, nowNs);
        failed(conn, CmTexts.noReply(conn, port, nowNs));
      }
      case REP_SENT -> {
        sendRej(conn, CmMessages.OF_REP, RejectReason.TIMEOUT);
        toTimewait(conn, nowNs);
        failed(conn, CmTexts.noRtu(conn, port, nowNs));
      }
      case DREQ_SENT -> {
        toTimewait(conn, nowNs);
        left(conn, NOTHING);
      }
      case REP_RCVD, REQ_RCVD, ESTABLISHED, TIMEWAIT, REFUSED -> conn.dueNs = AgentTask.NO_DEADLINE;
    }
  }

  // Steps that commands, timers and messages share.

  /** A new request: half of the peer's patience, then it is asked for more. */
  void awaitAnswer(CmConn conn, int responseTimeoutCode, long nowNs) {
    long patienceNs = TimeoutCode.toNs(responseTimeoutCode) / 2;
    wakeAt(conn, nowNs + Math.min(patienceNs, config.requestLimitNs()));
  }

  /** The peer asked for patience; however often it does, there is an end. */
  void extend(CmConn conn, int serviceTimeoutCode, byte[] privateData, long nowNs) {
    long serviceNs = TimeoutCode.toNs(serviceTimeoutCode);
    long limitNs = conn.waitsSinceNs + config.connectLimitNs();
    long untilNs = nowNs + serviceNs + conn.repeatNs;
    wakeAt(conn, CmTable.earlier(limitNs, untilNs) ? limitNs : untilNs);
    if (!conn.delayTold && conn.owner != null) {
      conn.delayTold = true;
      sink.onServiceDelay(conn, serviceNs, privateData);
    }
  }

  /**
   * A REQ says how long the peer needs to answer our REP, and how often to repeat it. Both are kept
   * within what is sensible here, since they come from outside.
   */
  void learnReplyTimes(CmConn conn, int localResponseTimeoutCode, int maxCmRetries) {
    long ns = TimeoutCode.toNs(localResponseTimeoutCode);
    conn.replyRepeatNs = Math.clamp(ns, LEAST_REPEAT_NS, config.connectLimitNs());
    conn.replyRetries = maxCmRetries;
  }

  private void wakeAt(CmConn conn, long atNs) {
    conn.dueNs = atNs;
    wake(atNs);
  }

  private void wake(long atNs) {
    if (CmTable.earlier(atNs, nextDueNs)) {
      nextDueNs = atNs;
    }
  }

  private void repeat(
      CmConn conn, MemorySegment message, int retries, long intervalNs, long nowNs) {
    conn.message = message;
    conn.repeatNs = intervalNs;
    conn.retriesLeft = retries;
    conn.sent = 1;
    send(conn, message);
    wakeAt(conn, nowNs + intervalNs);
  }

  void send(CmConn conn, MemorySegment message) {
    send(conn.remoteHigh, conn.remoteLow, message);
  }

  void send(long high, long low, MemorySegment message) {
    count(sink.send(high, low, message) ? CmCounter.SENT : CmCounter.SEND_QUEUE_FULL);
  }

  /**
   * Asks the peer for patience, but not for much: should our answer get lost, the peer must ask
   * again while we still remember what we answered.
   */
  void sendMra(CmConn conn, int ofMessage) {
    sendMra(conn, ofMessage, NOTHING);
  }

  private void sendMra(CmConn conn, int ofMessage, byte[] privateData) {
    int timeoutCode = config.responseTimeoutCode() + 1;
    send(conn, CmMessages.mra(conn, ofMessage, timeoutCode, privateData));
  }

  void sendRej(CmConn conn, int ofMessage, int reason) {
    MemorySegment rej = CmMessages.rej(conn, ofMessage, reason);
    conn.message = rej;
    send(conn, rej);
  }

  /** The peer may know us only by CA GUID and communication id. */
  private void sendTimeoutRej(CmConn conn) {
    byte[] guid = ByteBuffer.allocate(Long.BYTES).putLong(port.guid()).array();
    MemorySegment rej =
        CmMessages.rej(
            conn.transactionId,
            conn.localId,
            conn.remoteId,
            CmMessages.OF_NONE,
            RejectReason.TIMEOUT,
            guid,
            NOTHING);
    conn.message = rej;
    send(conn, rej);
  }

  void sendDreq(CmConn conn, byte[] privateData, long nowNs) {
    conn.state = CmState.DREQ_SENT;
    MemorySegment dreq = CmMessages.dreq(conn, privateData, newTransaction());
    repeat(conn, dreq, config.disconnectRetries(), config.disconnectTimeoutNs(), nowNs);
  }

  void toTimewait(CmConn conn, long nowNs) {
    linger(conn, CmState.TIMEWAIT, nowNs);
  }

  void toRefused(CmConn conn, long nowNs) {
    linger(conn, CmState.REFUSED, nowNs);
  }

  private void linger(CmConn conn, CmState state, long nowNs) {
    conn.state = state;
    table.linger(conn, nowNs);
    wake(conn.dueNs);
  }

  /** A request is answered or gone: its listener may take another. */
  void answered(CmConn conn) {
    CmListener listener = conn.listener;
    if (listener != null) {
      listener.pending--;
      conn.listener = null;
    }
  }

  /** The peer, or a newer connection in its place, ended the connection. */
  void disconnected(CmConn conn, byte[] privateData) {
    if (conn.owner != null) {
      sink.onDisconnected(conn, privateData);
      conn.owner = null;
    }
  }

  /** Our disconnect is answered, or never will be. */
  void left(CmConn conn, byte[] privateData) {
    if (conn.leaver != null) {
      sink.onLeft(conn, privateData);
      conn.leaver = null;
    }
  }

  void rejected(CmConn conn, int reason, byte[] privateData) {
    if (conn.owner != null) {
      sink.onRejected(conn, reason, privateData);
      conn.owner = null;
    }
  }

  void failed(CmConn conn, String message) {
    if (conn.owner != null) {
      sink.onFailed(conn, message);
      conn.owner = null;
    }
  }
}
