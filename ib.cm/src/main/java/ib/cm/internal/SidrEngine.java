// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.transport.wire.CmSidrRep;
import ib.transport.wire.CmSidrReq;
import ib.transport.wire.Gids;
import ib.transport.wire.Mad;
import ib.verbs.CmId;
import ib.verbs.SidrStatus;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Service id resolution of a port (IBA vol. 1, 12.11), the part of its {@link CmEngine} that deals
 * with datagram services: no connection comes of it. Like the engine it has no thread, socket or
 * clock. Bounded by {@link CmConfig}: resolutions of ours by its connections, unanswered requests
 * by each listener's, answers that are remembered by its lingering ones.
 */
final class SidrEngine {
  private static final byte[] NOTHING = {};
  private static final int FIRST_QPN = 2;

  private record RemoteKey(long high, long low, int requestId) {}

  private final CmEngine engine;
  private final Map<Integer, SidrExchange> ours = new HashMap<>();

  /** What peers asked, oldest first. */
  private final Map<RemoteKey, SidrExchange> theirs = new LinkedHashMap<>();

  private int nextId;
  private long nextDueNs = AgentTask.NO_DEADLINE;

  SidrEngine(CmEngine engine, RandomGenerator random) {
    this.engine = engine;
    this.nextId = random.nextInt();
  }

  /** Resolutions under way and requests that are remembered. */
  int size() {
    return ours.size() + theirs.size();
  }

  /** Adds the resolutions that are not over, as operators see them. */
  void addIds(List<CmId> ids) {
    for (SidrExchange exchange : ours.values()) {
      ids.add(CmIds.of(exchange, engine.port));
    }
    for (SidrExchange exchange : theirs.values()) {
      if (exchange.state == SidrExchange.State.REQ_RCVD) {
        ids.add(CmIds.of(exchange, engine.port));
      }
    }
  }

  // Commands.

  /** Sends a SIDR_REQ; null if too many are under way. */
  @Nullable SidrExchange resolve(
      InetAddress destination, long serviceId, byte[] privateData, Object owner, long nowNs) {
    if (ours.size() >= engine.config.maxConnections()) {
      return null;
    }
    while (ours.containsKey(nextId)) {
      nextId++;
    }
    SidrExchange exchange =
        new SidrExchange(
            SidrExchange.State.REQ_SENT,
            nextId++,
            Gids.high(destination),
            Gids.low(destination),
            serviceId,
            engine.newTransaction(),
            nowNs);
    exchange.owner = owner;
    exchange.sourcePort = engine.newSourcePort();
    exchange.remotePort = CmIds.portOf(serviceId);
    exchange.message =
        SidrMessages.req(exchange, engine.port, destination, exchange.sourcePort, privateData);
    exchange.retriesLeft = engine.config.maxRetries();
    exchange.sent = 1;
    ours.put(exchange.requestId, exchange);
    send(exchange);
    wakeAt(exchange, nowNs + engine.config.responseTimeoutNs());
    return exchange;
  }

  /** Nobody wants the outcome any more. */
  void cancel(SidrExchange exchange) {
    exchange.owner = null;
    forget(exchange);
  }

  /**
   * Answers a peer's request.
   *
   * @return false if the request is no longer there
   */
  boolean answer(
      SidrExchange exchange, int status, int qpn, int qkey, byte[] privateData, long nowNs) {
    if (exchange.state != SidrExchange.State.REQ_RCVD) {
      return false;
    }
    answered(exchange);
    exchange.message =
        SidrMessages.rep(
            exchange.transactionId,
            exchange.requestId,
            exchange.serviceId,
            status,
            qpn,
            qkey,
            privateData);
    exchange.state = SidrExchange.State.ANSWERED;
    send(exchange);
    wakeAt(exchange, nowNs + engine.config.timewaitNs());
    return true;
  }

  /** A listener goes: its unanswered requests are refused. */
  void unlisten(CmListener listener, long nowNs) {
    for (SidrExchange exchange : List.copyOf(theirs.values())) {
      if (listener.equals(exchange.listener)) {
        answer(exchange, SidrStatus.SERVICE_ID_NOT_SUPPORTED, 0, 0, NOTHING, nowNs);
      }
    }
  }

  /** The port goes. */
  void close(long nowNs) {
    for (SidrExchange exchange : List.copyOf(theirs.values())) {
      answer(exchange, SidrStatus.SERVICE_ID_NOT_SUPPORTED, 0, 0, NOTHING, nowNs);
    }
    for (SidrExchange exchange : List.copyOf(ours.values())) {
      failed(exchange, "port " + engine.port.name() + " closed before the service was resolved");
    }
    theirs.clear();
    nextDueNs = AgentTask.NO_DEADLINE;
  }

  // Time.

  long nextDueNs() {
    return nextDueNs;
  }

  int poll(long nowNs) {
    if (nextDueNs == AgentTask.NO_DEADLINE || nextDueNs - nowNs > 0) {
      return 0;
    }
    List<SidrExchange> all = new ArrayList<>(ours.values());
    all.addAll(theirs.values());
    nextDueNs = AgentTask.NO_DEADLINE;
    int work = 1;
    for (SidrExchange exchange : all) {
      if (exchange.dueNs - nowNs <= 0) {
        due(exchange, nowNs);
        work++;
      }
      if (exchange.state != SidrExchange.State.DONE) {
        wakeAt(exchange, exchange.dueNs);
      }
    }
    return work;
  }

  private void due(SidrExchange exchange, long nowNs) {
    switch (exchange.state) {
      case REQ_SENT -> dueRequest(exchange, nowNs);
      case REQ_RCVD -> answer(exchange, SidrStatus.REJECTED, 0, 0, NOTHING, nowNs);
      case ANSWERED -> forget(exchange);
      case DONE -> {}
    }
  }

  private void dueRequest(SidrExchange exchange, long nowNs) {
    boolean tooLong = nowNs - exchange.beganNs >= engine.config.connectLimitNs();
    if (exchange.retriesLeft == 0 || tooLong) {
      failed(exchange, CmTexts.notResolved(exchange, engine.port, nowNs));
      return;
    }
    exchange.retriesLeft--;
    exchange.sent++;
    engine.count(CmCounter.RETRIES);
    send(exchange);
    wakeAt(exchange, nowNs + engine.config.responseTimeoutNs());
  }

  // Messages.

  void onReq(long high, long low, MemorySegment mad, long off, long nowNs) {
    int requestId = CmSidrReq.REQUEST_ID.getInt(mad, off);
    long transactionId = Mad.TRANSACTION_ID.get(mad, off);
    RemoteKey key = new RemoteKey(high, low, requestId);
    SidrExchange known = theirs.get(key);
    if (known != null && known.transactionId == transactionId) {
      engine.count(CmCounter.DUPLICATES);
      if (known.state == SidrExchange.State.ANSWERED) {
        send(known);
      }
      return;
    }
    if (known != null) {
      // Its sender uses the id anew, so nobody waits for the old answer.
      answered(known);
      forget(known);
    }
    long serviceId = CmSidrReq.SERVICE_ID.get(mad, off);
    CmListener listener = engine.listener(serviceId);
    int status = statusToRefuse(high, low, mad, off, listener);
    if (status != SidrStatus.VALID || listener == null) {
      refuse(high, low, mad, off, status, NOTHING);
      return;
    }
    SidrExchange exchange =
        new SidrExchange(
            SidrExchange.State.REQ_RCVD, requestId, high, low, serviceId, transactionId, nowNs);
    InetSocketAddress requester = SidrMessages.requester(mad, off, high, low);
    exchange.sourcePort = CmIds.portOf(serviceId);
    exchange.remotePort = requester.getPort();
    exchange.listener = listener;
    listener.pending++;
    theirs.put(key, exchange);
    forgetOldest();
    wakeAt(exchange, nowNs + engine.config.requestLimitNs());
    engine.sink.onDatagramRequest(
        listener, exchange, requester, SidrMessages.reqPrivateData(mad, off));
  }

  private int statusToRefuse(
      long high, long low, MemorySegment mad, long off, @Nullable CmListener listener) {
    if (listener == null
        || !listener.datagrams
        || !CmMessages.isOurPkey(CmSidrReq.PKEY.getInt(mad, off))) {
      return SidrStatus.SERVICE_ID_NOT_SUPPORTED;
    }
    if (!SidrMessages.hasRightAddresses(mad, off, engine.port, high, low)) {
      return SidrStatus.REJECTED;
    }
    return listener.pending >= engine.config.maxPending() ? SidrStatus.NO_QP : SidrStatus.VALID;
  }

  /**
   * Answers a request that no listener sees.
   *
   * @param info additional information
   */
  void refuse(long high, long low, MemorySegment mad, long off, int status, byte[] info) {
    engine.count(CmCounter.REFUSED);
    MemorySegment rep =
        SidrMessages.rep(
            Mad.TRANSACTION_ID.get(mad, off),
            CmSidrReq.REQUEST_ID.getInt(mad, off),
            CmSidrReq.SERVICE_ID.get(mad, off),
            status,
            0,
            0,
            NOTHING);
    CmSidrRep.INFO_LENGTH.set(rep, 0, info.length);
    CmSidrRep.ARI.set(rep, 0, info);
    engine.send(high, low, rep);
  }

  void onRep(long high, long low, MemorySegment mad, long off) {
    SidrExchange exchange = ours.get(CmSidrRep.REQUEST_ID.getInt(mad, off));
    if (exchange == null || exchange.remoteHigh != high || exchange.remoteLow != low) {
      engine.count(CmCounter.DROPPED_UNKNOWN_ID);
      return;
    }
    int status = CmSidrRep.STATUS.getInt(mad, off);
    int qpn = CmSidrRep.QPN.getInt(mad, off);
    boolean found = status == SidrStatus.VALID;
    if (found && (qpn < FIRST_QPN || CmSidrRep.SERVICE_ID.get(mad, off) != exchange.serviceId)) {
      // Says that it found what was not asked for, or what can't be.
      engine.count(CmCounter.DROPPED_MALFORMED);
      return;
    }
    byte[] privateData = CmSidrRep.PRIVATE_DATA.get(mad, off);
    forget(exchange);
    if (exchange.owner == null) {
      return;
    }
    if (found) {
      engine.sink.onResolved(exchange, qpn, CmSidrRep.QKEY.getInt(mad, off), privateData);
    } else {
      engine.sink.onNotResolved(exchange, status, privateData);
    }
    exchange.owner = null;
  }

  // Steps.

  private void send(SidrExchange exchange) {
    MemorySegment message = exchange.message;
    if (message != null) {
      engine.send(exchange.remoteHigh, exchange.remoteLow, message);
    }
  }

  private void failed(SidrExchange exchange, String message) {
    forget(exchange);
    if (exchange.owner != null) {
      engine.sink.onResolveFailed(exchange, message);
      exchange.owner = null;
    }
  }

  private static void answered(SidrExchange exchange) {
    CmListener listener = exchange.listener;
    if (listener != null) {
      listener.pending--;
      exchange.listener = null;
    }
  }

  private void forget(SidrExchange exchange) {
    exchange.state = SidrExchange.State.DONE;
    exchange.dueNs = AgentTask.NO_DEADLINE;
    ours.remove(exchange.requestId, exchange);
    theirs.remove(
        new RemoteKey(exchange.remoteHigh, exchange.remoteLow, exchange.requestId), exchange);
  }

  /** Of the requests of peers, the oldest answered one makes room. */
  private void forgetOldest() {
    if (theirs.size() > engine.config.maxLingering()) {
      theirs.values().stream()
          .filter(exchange -> exchange.state == SidrExchange.State.ANSWERED)
          .findFirst()
          .ifPresent(this::forget);
    }
  }

  private void wakeAt(SidrExchange exchange, long atNs) {
    exchange.dueNs = atNs;
    if (CmTable.earlier(atNs, nextDueNs)) {
      nextDueNs = atNs;
    }
  }
}
