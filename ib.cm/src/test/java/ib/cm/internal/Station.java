// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import ib.verbs.QpType;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** A connection manager in a {@link Fabric} with an application that notes what it is told. */
final class Station implements CmSink {
  static final long SERVICE = 0x0106_0000L + 3260;

  /** A datagram service with IP addressing, and one that has nothing to do with RDMA-CM. */
  static final long UDP_SERVICE = 0x0111_0000L + 7174;

  static final long RAW_SERVICE = 0x1000_0CE1_2345_6789L;

  /** A connection as its application sees it: the events in their order. */
  static final class Peer {
    final List<String> events = new ArrayList<>();
    CmConn conn;
  }

  /** A request that arrived. */
  record Asked(CmConn conn, PeerRequest request, byte[] privateData) {}

  final CmPort port;
  final CmEngine engine;
  final List<Asked> requests = new ArrayList<>();
  final List<Peer> accepted = new ArrayList<>();
  final List<AskedDatagram> datagrams = new ArrayList<>();
  private final Fabric fabric;
  private final Map<CmConn, PeerReply> replies = new HashMap<>();
  private int nextQpn = 100;
  boolean alive = true;
  boolean full;

  /** Whether the application answers by itself. */
  boolean accepts = true;

  boolean movesQueuePairs = true;
  PeerReply lastReply;

  Station(Fabric fabric, CmPort port, CmConfig config, RandomGenerator random) {
    this.fabric = fabric;
    this.port = port;
    this.engine = new CmEngine(port, config, random, this);
  }

  Peer connect(Station to) {
    return connect(to, nextQpn++, new byte[] {1, 2, 3});
  }

  Peer connect(Station to, int qpn, byte[] data) {
    return connect(to, qpn, QpType.RC, SERVICE, data);
  }

  Peer connect(Station to, int qpn, QpType type, long service, byte[] data) {
    Peer peer = new Peer();
    ConnectSpec spec =
        new ConnectSpec(
            qpn,
            type,
            new InetSocketAddress(to.port.address(), 3260),
            service,
            ConnectParams.of(data));
    peer.conn = engine.connect(spec, peer, fabric.nowNs);
    return peer;
  }

  boolean accept(Asked asked) {
    Peer peer = new Peer();
    peer.conn = asked.conn;
    accepted.add(peer);
    return engine.accept(
        asked.conn, nextQpn++, 77, ConnectParams.of(new byte[] {9, 8}), peer, fabric.nowNs);
  }

  void disconnect(Peer peer) {
    peer.events.add("left");
    engine.disconnect(peer.conn, fabric.nowNs);
  }

  /** What an application does after the engine returned. */
  void react() {
    Map<CmConn, PeerReply> now = new HashMap<>(replies);
    replies.clear();
    for (Map.Entry<CmConn, PeerReply> reply : now.entrySet()) {
      if (movesQueuePairs && reply.getKey().owner instanceof Peer peer) {
        engine.ready(reply.getKey());
        peer.events.add("established");
      }
    }
    if (accepts) {
      for (AskedDatagram asked : datagrams) {
        if (asked.exchange.state == SidrExchange.State.REQ_RCVD) {
          answer(asked, 0);
        }
      }
      for (Asked asked : requests) {
        if (asked.conn.state == CmState.REQ_RCVD) {
          accept(asked);
        }
      }
    }
  }

  private static void note(CmConn conn, String event) {
    if (conn.owner instanceof Peer peer) {
      peer.events.add(event);
    } else {
      throw new AssertionError(event + " for " + conn + ", which nobody owns");
    }
  }

  @Override
  public boolean send(long gidHigh, long gidLow, MemorySegment mad) {
    return !alive || fabric.send(this, gidHigh, gidLow, mad);
  }

  @Override
  public boolean hasRoom() {
    return !full;
  }

  @Override
  public void onRequest(CmListener listener, CmConn conn, PeerRequest request, byte[] privateData) {
    requests.add(new Asked(conn, request, privateData));
  }

  /** A resolution as its application sees it: the outcome, once. */
  static final class Wanted {
    final List<String> events = new ArrayList<>();
    final Station by;
    SidrExchange exchange;

    Wanted(Station by) {
      this.by = by;
    }
  }

  /** A datagram request that arrived. */
  record AskedDatagram(SidrExchange exchange, InetSocketAddress from, byte[] privateData) {}

  Wanted resolve(Station to, long service, byte[] data) {
    Wanted wanted = new Wanted(this);
    wanted.exchange = engine.sidr.resolve(to.port.address(), service, data, wanted, fabric.nowNs);
    return wanted;
  }

  boolean answer(AskedDatagram asked, int status) {
    return engine.sidr.answer(
        asked.exchange, status, status == 0 ? nextQpn++ : 0, 0x55, new byte[] {4}, fabric.nowNs);
  }

  void cancel(Wanted wanted) {
    wanted.events.add("cancelled");
    engine.sidr.cancel(wanted.exchange);
  }

  private static void note(SidrExchange exchange, String event) {
    if (exchange.owner instanceof Wanted wanted) {
      wanted.events.add(event);
    } else {
      throw new AssertionError(event + " for " + exchange + ", which nobody wants");
    }
  }

  @Override
  public void onDatagramRequest(
      CmListener listener, SidrExchange exchange, InetSocketAddress from, byte[] privateData) {
    datagrams.add(new AskedDatagram(exchange, from, privateData));
  }

  @Override
  public void onResolved(SidrExchange exchange, int qpn, int qkey, byte[] privateData) {
    note(exchange, "resolved " + qpn + " " + qkey + " with " + privateData[0]);
  }

  @Override
  public void onNotResolved(SidrExchange exchange, int status, byte[] privateData) {
    note(exchange, "refused " + status);
  }

  @Override
  public void onResolveFailed(SidrExchange exchange, String message) {
    note(exchange, "failed: " + message);
  }

  @Override
  public void onReply(CmConn conn, PeerReply reply, byte[] privateData) {
    replies.put(conn, reply);
    lastReply = reply;
  }

  @Override
  public void onEstablished(CmConn conn, byte[] privateData) {
    note(conn, "established" + with(privateData));
  }

  @Override
  public void onServiceDelay(CmConn conn, long serviceTimeoutNs, byte[] privateData) {
    note(conn, "delay " + serviceTimeoutNs / Fabric.MS + " ms" + with(privateData));
  }

  @Override
  public void onRejected(CmConn conn, int reason, byte[] privateData) {
    note(conn, "rejected " + reason + with(privateData));
  }

  @Override
  public void onDisconnected(CmConn conn, byte[] privateData) {
    note(conn, "disconnected" + with(privateData));
  }

  @Override
  public void onLeft(CmConn conn, byte[] privateData) {
    if (conn.leaver instanceof Peer peer) {
      peer.events.add("answered" + with(privateData));
    }
  }

  private static String with(byte[] privateData) {
    return privateData.length == 0 || privateData[0] == 0
        ? ""
        : " with " + privateData[0] + " of " + privateData.length;
  }

  @Override
  public void onFailed(CmConn conn, String message) {
    note(conn, "failed: " + message);
  }
}
