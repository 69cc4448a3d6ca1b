// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.transport.agent.AgentTask;
import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.random.RandomGenerator;

/** The connection manager of a simulated host, for simulations that stand in other packages. */
public final class SimCm implements CmSink {
  private static final int PORT = 3260;

  /** The service that it listens on. */
  public static final long SERVICE = 0x0106_0000L + PORT;

  /** The same without RDMA-CM's addresses: RDMA-CM's TCP services are for RC alone. */
  private static final long RAW_SERVICE = 0x1000_0000_0000_0000L + PORT;

  /** The services that are asked for by SIDR. */
  private static final long DATAGRAMS = 0x0111_0000L + PORT;

  private static final long RAW_DATAGRAMS = 0x1000_0000_0000_0000L + PORT + 1;

  /** Sends a MAD to QP1 of a GID; false if there is no room. */
  @FunctionalInterface
  public interface Sender {
    /** Sends. */
    boolean send(long gidHigh, long gidLow, MemorySegment mad);
  }

  /** What an application is told; it must not call back. */
  public interface Application {
    /** Somebody wants to connect. */
    void onRequest(Call call, Terms terms, byte[] privateData);

    /** The peer of one's own request accepted. */
    void onReply(Object owner, Terms terms);

    /** The peer is ready. */
    void onEstablished(Object owner);

    /** The connection is over, or could not be made. */
    void onEnded(Object owner, String how);

    /** Somebody asks for a datagram service. */
    void onAsked(Asked asked, byte[] privateData);

    /** A question of one's own is answered. */
    void onResolved(Object owner, int qpn, int qkey);

    /** A question of one's own was refused, or not answered. */
    void onNotResolved(Object owner, String how);
  }

  /** A question for a datagram service. */
  public static final class Asked {
    private final SidrExchange exchange;

    private Asked(SidrExchange exchange) {
      this.exchange = exchange;
    }
  }

  /** A connection. */
  public static final class Call {
    private final CmConn conn;

    /** RC or UC. */
    public final QpType type;

    private Call(CmConn conn, QpType type) {
      this.conn = conn;
      this.type = type;
    }

    @Override
    public String toString() {
      return conn.toString();
    }
  }

  /** What the peer said. */
  public record Terms(
      int qpn, int sendPsn, int receivePsn, int mtuBytes, int reads, int timeoutCode) {}

  private final CmEngine engine;
  private final Sender sender;
  private final Application application;

  /** Makes one that listens. */
  public SimCm(
      String name,
      InetAddress address,
      long guid,
      int mtuBytes,
      RandomGenerator random,
      Sender sender,
      Application application) {
    this.sender = sender;
    this.application = application;
    engine =
        new CmEngine(new CmPort(name, address, guid, mtuBytes), CmConfig.DEFAULT, random, this);
    engine.listen(SERVICE, this);
    engine.listen(RAW_SERVICE, this);
    engine.listenDatagrams(DATAGRAMS, this);
    engine.listenDatagrams(RAW_DATAGRAMS, this);
  }

  /** Asks a host for its datagram service, with RDMA-CM's addresses or without. */
  public void resolve(
      InetAddress to, boolean rdmaCm, byte[] privateData, Object owner, long nowNs) {
    engine.sidr.resolve(to, rdmaCm ? DATAGRAMS : RAW_DATAGRAMS, privateData, owner, nowNs);
  }

  /** Answers a question; false if it is gone. */
  public boolean answer(Asked asked, int status, int qpn, int qkey, long nowNs) {
    return engine.sidr.answer(asked.exchange, status, qpn, qkey, new byte[0], nowNs);
  }

  /** Asks a host for a connection. */
  public Call connect(
      int qpn, QpType type, InetAddress to, ConnectParams params, Object owner, long nowNs) {
    long service = type == QpType.RC ? SERVICE : RAW_SERVICE;
    ConnectSpec spec = new ConnectSpec(qpn, type, new InetSocketAddress(to, PORT), service, params);
    return new Call(engine.connect(spec, owner, nowNs), type);
  }

  /** Accepts a request; false if it is gone. */
  public boolean accept(
      Call call, int qpn, int psn, ConnectParams params, Object owner, long nowNs) {
    return engine.accept(call.conn, qpn, psn, params, owner, nowNs);
  }

  /** Refuses a request. */
  public void reject(Call call, int reason, long nowNs) {
    engine.reject(call.conn, reason, new byte[0], nowNs);
  }

  /** The queue pair is ready to send. */
  public void ready(Call call) {
    engine.ready(call.conn);
  }

  /** Ends a connection. */
  public void disconnect(Call call, long nowNs) {
    engine.disconnect(call.conn, nowNs);
  }

  /** Takes a MAD. */
  public void receive(
      long high, long low, MemorySegment mad, long offset, int lengthBytes, long nowNs) {
    engine.receive(high, low, mad, offset, lengthBytes, nowNs);
  }

  /** A queue pair heard of its peer for the first time. */
  public void firstPacket(int qpn) {
    engine.communicationEstablished(qpn);
  }

  /** Does what is due. */
  public void poll(long nowNs) {
    engine.poll(nowNs);
  }

  /** When something is due, or {@link Long#MAX_VALUE}. */
  public long nextDueNs() {
    long dueNs = engine.nextDueNs();
    return dueNs == AgentTask.NO_DEADLINE ? Long.MAX_VALUE : dueNs;
  }

  /** Connections that are remembered, ended ones included. */
  public int connections() {
    return engine.table.all().size();
  }

  /** What is left over, or empty. */
  public String leftOver() {
    int pending =
        pending(SERVICE) + pending(RAW_SERVICE) + pending(DATAGRAMS) + pending(RAW_DATAGRAMS);
    return engine.table.all().isEmpty()
            && engine.table.lingering() == 0
            && pending == 0
            && engine.sidr.size() == 0
            && engine.nextDueNs() == AgentTask.NO_DEADLINE
        ? ""
        : "connections "
            + engine.table.all()
            + ", lingering "
            + engine.table.lingering()
            + ", unanswered "
            + pending
            + ", questions "
            + engine.sidr.size();
  }

  private int pending(long service) {
    CmListener listener = engine.listener(service);
    return listener == null ? -1 : listener.pending;
  }

  @Override
  public boolean send(long gidHigh, long gidLow, MemorySegment mad) {
    return sender.send(gidHigh, gidLow, mad);
  }

  @Override
  public boolean hasRoom() {
    return true;
  }

  @Override
  public void onRequest(CmListener listener, CmConn conn, PeerRequest request, byte[] privateData) {
    application.onRequest(
        new Call(conn, request.type()),
        new Terms(
            request.qpn(),
            request.startingPsn(),
            0,
            request.pathMtuBytes(),
            Math.min(request.initiatorDepth(), request.responderResources()),
            request.ackTimeoutCode()),
        privateData);
  }

  @Override
  public void onDatagramRequest(
      CmListener listener, SidrExchange exchange, InetSocketAddress from, byte[] privateData) {
    application.onAsked(new Asked(exchange), privateData);
  }

  @Override
  public void onResolved(SidrExchange exchange, int qpn, int qkey, byte[] privateData) {
    application.onResolved(exchange.owner, qpn, qkey);
  }

  @Override
  public void onNotResolved(SidrExchange exchange, int status, byte[] privateData) {
    application.onNotResolved(exchange.owner, "refused: " + status);
  }

  @Override
  public void onResolveFailed(SidrExchange exchange, String message) {
    application.onNotResolved(exchange.owner, message);
  }

  @Override
  public void onReply(CmConn conn, PeerReply reply, byte[] privateData) {
    application.onReply(
        conn.owner,
        new Terms(
            reply.qpn(),
            reply.startingPsn(),
            reply.ourPsn(),
            reply.pathMtuBytes(),
            Math.min(reply.initiatorDepth(), reply.responderResources()),
            0));
  }

  @Override
  public void onEstablished(CmConn conn, byte[] privateData) {
    application.onEstablished(conn.owner);
  }

  @Override
  public void onServiceDelay(CmConn conn, long serviceTimeoutNs, byte[] privateData) {
    // The application waits in any case.
  }

  @Override
  public void onRejected(CmConn conn, int reason, byte[] privateData) {
    application.onEnded(conn.owner, "rejected: " + reason);
  }

  @Override
  public void onDisconnected(CmConn conn, byte[] privateData) {
    application.onEnded(conn.owner, "disconnected");
  }

  @Override
  public void onLeft(CmConn conn, byte[] privateData) {
    throw new AssertionError("nobody wants to know");
  }

  @Override
  public void onFailed(CmConn conn, String message) {
    application.onEnded(conn.owner, "failed: " + message);
  }
}
