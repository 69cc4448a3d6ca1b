// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static ib.cm.internal.Fabric.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.Peer;
import ib.transport.wire.CmDrep;
import ib.transport.wire.CmMra;
import ib.transport.wire.CmReq;
import ib.transport.wire.CmRtu;
import ib.transport.wire.Mad;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What applications get of the messages that are the connection manager's own affair, and how a
 * connection comes to stand.
 */
class CmPrivateDataTest {
  private final Fabric fabric = Fabric.perfect(1);
  private Station a;
  private Station b;

  @BeforeEach
  void build() throws Exception {
    a = fabric.station("a", "192.0.2.1", 4096);
    b = fabric.station("b", "192.0.2.2", 4096);
    b.engine.listen(Station.SERVICE, b);
  }

  private Peer establish() {
    Peer peer = a.connect(b);
    fabric.run(10 * MS);
    assertThat(peer.events).containsExactly("established");
    fabric.log.clear();
    return peer;
  }

  private MemorySegment lastSent() {
    return fabric.sent.getLast();
  }

  private void deliver(Station from, Station to, MemorySegment mad) {
    to.engine.receive(from.port.gidHigh(), from.port.gidLow(), mad, 0, Mad.LENGTH, fabric.nowNs);
    to.react();
  }

  private static byte[] data(int first) {
    return new byte[] {(byte) first, 1, 2};
  }

  @Test
  void shouldHandUpThePrivateDataOfRtu() {
    fabric.cut = "a>b RTU"::equals;
    a.connect(b);
    fabric.run(MS);
    CmRtu.PRIVATE_DATA.set(lastSent(), 0, data(7));
    deliver(a, b, lastSent());
    assertThat(b.accepted.getFirst().events).containsExactly("established with 7 of 224");
  }

  @Test
  void shouldHandUpThePrivateDataOfDreqAndDrep() {
    Peer peer = establish();
    fabric.cut = "b>a DREP"::equals;
    peer.conn.leaver = peer;
    a.engine.disconnect(peer.conn, data(5), fabric.nowNs);
    fabric.run(MS);
    assertThat(b.accepted.getFirst().events)
        .containsExactly("established", "disconnected with 5 of 220");
    assertThat(peer.events).containsExactly("established");
    CmDrep.PRIVATE_DATA.set(lastSent(), 0, data(9));
    deliver(b, a, lastSent());
    deliver(b, a, lastSent());
    assertThat(peer.events).containsExactly("established", "answered with 9 of 224");
  }

  @Test
  void shouldTakeTheDreqOfAPeerThatLeavesTooAsItsAnswer() {
    Peer peer = establish();
    peer.conn.leaver = peer;
    a.engine.disconnect(peer.conn, data(5), fabric.nowNs);
    b.engine.disconnect(b.accepted.getFirst().conn, data(6), fabric.nowNs);
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("established", "answered with 6 of 220");
  }

  @Test
  void shouldSayThatNoAnswerCameToADisconnect() {
    Peer peer = establish();
    b.alive = false;
    peer.conn.leaver = peer;
    a.engine.disconnect(peer.conn, data(5), fabric.nowNs);
    fabric.run(25 * SECOND);
    assertThat(peer.events).containsExactly("established", "answered");
    Peer early = a.connect(b);
    early.conn.leaver = early;
    a.engine.disconnect(early.conn, data(5), fabric.nowNs);
    assertThat(early.events)
        .as("there is no connection that could be ended")
        .containsExactly("answered");
  }

  @Test
  void shouldHandUpThePrivateDataOfARejThatEndsAConnection() {
    Peer peer = establish();
    CmConn conn = b.accepted.getFirst().conn;
    deliver(b, a, CmMessages.rej(7, conn.localId, conn.remoteId, 2, 28, new byte[0], data(3)));
    assertThat(peer.events).containsExactly("established", "disconnected with 3 of 148");
  }

  @Test
  void shouldHandUpTheFirstMraOfARequestAndOfAReply() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(600 * MS);
    assertThat(fabric.log).endsWith("b>a MRA");
    MemorySegment mra = lastSent();
    peer.events.clear();
    peer.conn.delayTold = false;
    CmMra.PRIVATE_DATA.set(mra, 0, data(4));
    CmMra.SERVICE_TIMEOUT.set(mra, 0, 20);
    deliver(b, a, mra);
    deliver(b, a, mra);
    assertThat(peer.events).containsExactly("delay 4294 ms with 4 of 222");
    fabric.cut = "a>b RTU"::equals;
    b.accept(b.requests.getFirst());
    fabric.run(MS);
    CmConn passive = b.accepted.getFirst().conn;
    MemorySegment ofReply = CmMessages.mra(peer.conn, CmMessages.OF_REP, 18, new byte[0]);
    CmMra.PRIVATE_DATA.set(ofReply, 0, data(8));
    deliver(a, b, ofReply);
    assertThat(b.accepted.getFirst().events).containsExactly("delay 1073 ms with 8 of 222");
    assertThat(passive.state).isEqualTo(CmState.REP_SENT);
  }

  @Test
  void shouldSendPrivateDataWithRtuDrepAndMra() {
    b.accepts = false;
    a.movesQueuePairs = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    CmConn asked = b.requests.getFirst().conn();
    b.engine.delay(asked, data(4));
    fabric.run(MS);
    assertThat(peer.events).containsExactly("delay 2147 ms with 4 of 222");
    b.accept(b.requests.getFirst());
    fabric.run(MS);
    a.engine.ready(peer.conn, data(5));
    fabric.run(MS);
    Peer accepted = b.accepted.getFirst();
    assertThat(accepted.events).containsExactly("established with 5 of 224");
    fabric.log.clear();
    b.engine.delay(asked, data(4));
    assertThat(fabric.log).as("nobody needs patience any more").isEmpty();
    asked.disconnectAnswer = data(6);
    peer.conn.leaver = peer;
    fabric.cut = "b>a DREP"::equals;
    a.engine.disconnect(peer.conn, fabric.nowNs);
    fabric.run(MS);
    fabric.cut = message -> false;
    fabric.run(SECOND);
    assertThat(peer.events).endsWith("answered with 6 of 224");
  }

  // The end of establishing.

  @Test
  void shouldTakeAPacketOnTheQueuePairInPlaceOfALostRtu() {
    fabric.cut = "a>b RTU"::equals;
    a.connect(b);
    fabric.run(MS);
    MemorySegment rtu = lastSent();
    CmConn passive = b.accepted.getFirst().conn;
    assertThat(passive.state).isEqualTo(CmState.REP_SENT);
    b.engine.communicationEstablished(passive.localQpn + 1);
    assertThat(passive.state).isEqualTo(CmState.REP_SENT);
    b.engine.communicationEstablished(passive.localQpn);
    b.engine.communicationEstablished(passive.localQpn);
    assertThat(passive.state).isEqualTo(CmState.ESTABLISHED);
    deliver(a, b, rtu);
    fabric.log.clear();
    fabric.run(30 * SECOND);
    assertThat(fabric.log).as("the reply is not repeated").isEmpty();
    assertThat(b.accepted.getFirst().events).containsExactly("established");
    assertThat(b.engine.counter(CmCounter.DUPLICATES)).isEqualTo(1);
  }

  private int repliesToARequestThatSays(int timeoutCode, int retries, long ns) {
    fabric.cut = message -> message.equals("a>b REQ") || message.equals("a>b RTU");
    a.connect(b);
    MemorySegment req = lastSent();
    CmReq.LOCAL_CM_RESPONSE_TIMEOUT.set(req, 0, timeoutCode);
    CmReq.MAX_CM_RETRIES.set(req, 0, retries);
    // The peer itself asks no more.
    a.alive = false;
    deliver(a, b, req);
    fabric.log.clear();
    fabric.run(ns);
    return 1 + (int) fabric.log.stream().filter("b>a REP"::equals).count();
  }

  @Test
  void shouldRepeatAReplyAsOftenAndAsFastAsTheRequestSays() {
    // 4.096 us * 2^14 = 67 ms.
    assertThat(repliesToARequestThatSays(14, 3, 66 * MS)).isEqualTo(1);
    fabric.run(3 * MS);
    assertThat(fabric.log).containsExactly("b>a REP");
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("b>a REP", "b>a REP", "b>a REP", "b>a REJ");
  }

  @Test
  void shouldNotRepeatAReplyFasterThanIsSensible() {
    assertThat(repliesToARequestThatSays(0, 15, 5 * MS)).isLessThanOrEqualTo(6);
  }

  @Test
  void shouldNotWaitForAnRtuLongerThanIsSensible() {
    // 4.096 us * 2^31 = 2.4 h.
    assertThat(repliesToARequestThatSays(31, 15, 31 * SECOND)).isLessThanOrEqualTo(3);
    assertThat(b.accepted.getFirst().events).hasSize(1);
    assertThat(b.accepted.getFirst().events.getFirst()).startsWith("failed: ");
  }
}
