// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
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
    Peer peer = new Peer();
    ConnectSpec spec =
        new ConnectSpec(
            qpn, new InetSocketAddress(to.port.address(), 3260), SERVICE, ConnectParams.of(data));
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

  @Override
  public void onReply(CmConn conn, PeerReply reply, byte[] privateData) {
    replies.put(conn, reply);
    lastReply = reply;
  }

  @Override
  public void onEstablished(CmConn conn) {
    note(conn, "established");
  }

  @Override
  public void onRejected(CmConn conn, int reason, byte[] privateData) {
    note(conn, "rejected " + reason + (privateData[0] == 0 ? "" : " with " + privateData[0]));
  }

  @Override
  public void onDisconnected(CmConn conn) {
    note(conn, "disconnected");
  }

  @Override
  public void onFailed(CmConn conn, String message) {
    note(conn, "failed: " + message);
  }
}
