// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static ib.cm.internal.Fabric.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.Peer;
import ib.transport.wire.CmRej;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.Mad;
import ib.verbs.CmId;
import ib.verbs.QpType;
import ib.verbs.RejectReason;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The steps of a connection on a network that behaves, and on one that loses a certain message. */
class CmEngineTest {
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
    assertThat(b.accepted.getLast().events).containsExactly("established");
    fabric.log.clear();
    return peer;
  }

  @Test
  void shouldConnectWithReqRepRtu() {
    Peer peer = a.connect(b);
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("a>b REQ", "b>a REP", "a>b RTU");
    assertThat(peer.conn.state).isEqualTo(CmState.ESTABLISHED);
    assertThat(b.accepted.getFirst().conn.state).isEqualTo(CmState.ESTABLISHED);
    Station.Asked asked = b.requests.getFirst();
    assertThat(asked.privateData()).hasSize(56).startsWith(1, 2, 3, 0);
    assertThat(asked.request().remoteAddress().getAddress()).isEqualTo(a.port.address());
    assertThat(asked.request().remoteAddress().getPort()).isBetween(32768, 60999);
    assertThat(asked.request().qpn()).isEqualTo(100);
    assertThat(asked.request().pathMtuBytes()).isEqualTo(4096);
    assertThat(asked.request().retryCount()).isEqualTo(7);
    assertThat(asked.request().ackTimeoutCode()).isEqualTo(14);
    assertThat(a.lastReply.qpn()).isEqualTo(100);
    assertThat(a.lastReply.startingPsn()).isEqualTo(77);
    assertThat(a.lastReply.ourPsn()).isEqualTo(asked.request().startingPsn());
  }

  @Test
  void shouldConnectOverIpv6() throws Exception {
    Station c = fabric.station("c", "2001:db8::1", 1024);
    Station d = fabric.station("d", "2001:db8::2", 1024);
    d.engine.listen(Station.SERVICE, d);
    Peer peer = c.connect(d);
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("established");
    assertThat(d.requests.getFirst().request().remoteAddress().getAddress())
        .isEqualTo(c.port.address());
  }

  @Test
  void shouldConnectToItself() {
    a.engine.listen(Station.SERVICE, a);
    Peer peer = a.connect(a);
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("established");
    assertThat(a.accepted.getFirst().events).containsExactly("established");
    a.disconnect(peer);
    fabric.run(SECOND);
    assertThat(a.accepted.getFirst().events).containsExactly("established", "disconnected");
  }

  @Test
  void shouldRejectWithPrivateData() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    CmConn asked = b.requests.getFirst().conn();
    assertThat(b.engine.reject(asked, RejectReason.CONSUMER_DEFINED, new byte[] {42}, fabric.nowNs))
        .isTrue();
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("rejected 28 with 42 of 148");
    assertThat(b.accept(b.requests.getFirst())).isFalse();
  }

  /** Seed 174 of the simulation: the application lets go before it hears that it was rejected. */
  @Test
  void shouldForgetARejectedConnectionThatIsEndedTooAndGoOnRepeating() {
    b.accepts = false;
    Peer rejected = a.connect(b);
    fabric.run(MS);
    b.engine.reject(
        b.requests.getFirst().conn(), RejectReason.CONSUMER_DEFINED, new byte[0], fabric.nowNs);
    fabric.run(MS);
    a.engine.disconnect(rejected.conn, fabric.nowNs);
    fabric.cut = message -> message.equals("a>b REQ");
    fabric.log.clear();
    Peer next = a.connect(b);
    fabric.run(3 * SECOND);
    assertThat(fabric.log).containsExactly("a>b REQ", "a>b REQ", "a>b REQ");
    a.engine.disconnect(next.conn, fabric.nowNs);
    fabric.run(60 * SECOND);
    assertThat(a.engine.table.all()).isEmpty();
    assertThat(a.engine.table.lingering()).isZero();
  }

  @Test
  void shouldRejectAgainWithoutAskingTheListenerAgain() {
    b.accepts = false;
    fabric.cut = "b>a REJ"::equals;
    Peer peer = a.connect(b);
    fabric.run(MS);
    b.engine.reject(
        b.requests.getFirst().conn(), RejectReason.CONSUMER_DEFINED, new byte[1], fabric.nowNs);
    fabric.run(MS);
    fabric.cut = message -> false;
    fabric.run(2 * SECOND);
    assertThat(peer.events).containsExactly("rejected 28");
    assertThat(b.requests).hasSize(1);
  }

  @Test
  void shouldRejectAServiceNobodyListensOn() {
    Peer peer = b.connect(a);
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("rejected 8");
    assertThat(a.engine.counter(CmCounter.REFUSED)).isEqualTo(1);
  }

  @Test
  void shouldRejectWhatWasNotAnsweredWhenTheListenerCloses() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    b.engine.unlisten(b.engine.listener(Station.SERVICE), fabric.nowNs);
    fabric.run(MS);
    assertThat(peer.events).containsExactly("rejected 8");
    assertThat(b.engine.listen(Station.SERVICE, b)).isNotNull();
    assertThat(b.engine.listen(Station.SERVICE, b)).isNull();
  }

  @Test
  void shouldComeDownToTheMtuOfThePeer() throws Exception {
    Station small = fabric.station("s", "192.0.2.3", 1024);
    small.engine.listen(Station.SERVICE, small);
    Peer peer = a.connect(small);
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("established");
    assertThat(fabric.log).containsExactly("a>s REQ", "s>a REJ", "a>s REQ", "s>a REP", "a>s RTU");
    assertThat(small.requests.getFirst().request().pathMtuBytes()).isEqualTo(1024);
    assertThat(a.lastReply.pathMtuBytes()).isEqualTo(1024);
  }

  @Test
  void shouldGiveUpConnectingInWordsAfterAboutFifteenSeconds() {
    b.alive = false;
    Peer peer = a.connect(b);
    fabric.run(14 * SECOND);
    assertThat(peer.events).isEmpty();
    fabric.run(2 * SECOND);
    assertThat(peer.events).hasSize(1);
    assertThat(peer.events.getFirst())
        .contains("192.0.2.2", "port a (192.0.2.1)", "TCP port 3260", "15.0 s", "14 requests")
        .contains("check that the peer is up", "UDP port 4791");
    fabric.run(20 * SECOND);
    assertThat(peer.events).hasSize(1);
    assertThat(a.engine.table.live()).isZero();
    assertThat(a.engine.table.lingering()).isZero();
  }

  @Test
  void shouldReplyAgainWhenTheReplyWasLost() {
    fabric.cut = "b>a REP"::equals;
    Peer peer = a.connect(b);
    fabric.run(10 * MS);
    fabric.cut = message -> false;
    fabric.run(3 * SECOND);
    assertThat(peer.events).containsExactly("established");
    assertThat(b.requests).hasSize(1);
    assertThat(b.accepted.getFirst().events).containsExactly("established");
  }

  @Test
  void shouldTellThePassiveSideWhenNoRtuComes() {
    fabric.cut = message -> message.equals("a>b RTU") || message.equals("b>a REJ");
    Peer peer = a.connect(b);
    fabric.run(16 * SECOND);
    assertThat(b.accepted.getFirst().events).hasSize(1);
    assertThat(b.accepted.getFirst().events.getFirst())
        .startsWith("failed: 192.0.2.1 asked for service")
        .contains("14 replies");
    assertThat(peer.events).containsExactly("established");
  }

  @Test
  void shouldDisconnectFromTheActiveSide() {
    Peer peer = establish();
    a.disconnect(peer);
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("a>b DREQ", "b>a DREP");
    assertThat(peer.events).containsExactly("established", "left");
    assertThat(b.accepted.getFirst().events).containsExactly("established", "disconnected");
    assertThat(peer.conn.state).isEqualTo(CmState.TIMEWAIT);
    fabric.run(CmConfig.DEFAULT.timewaitNs());
    assertThat(a.engine.table.all()).isEmpty();
    assertThat(b.engine.table.all()).isEmpty();
  }

  @Test
  void shouldDisconnectFromThePassiveSide() {
    Peer peer = establish();
    b.disconnect(b.accepted.getFirst());
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("established", "disconnected");
    assertThat(b.accepted.getFirst().events).containsExactly("established", "left");
  }

  @Test
  void shouldDisconnectFromBothSidesAtOnce() {
    Peer peer = establish();
    a.disconnect(peer);
    b.disconnect(b.accepted.getFirst());
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("a>b DREQ", "b>a DREQ", "b>a DREP", "a>b DREP");
    assertThat(peer.conn.state).isEqualTo(CmState.TIMEWAIT);
    assertThat(b.accepted.getFirst().conn.state).isEqualTo(CmState.TIMEWAIT);
    assertThat(peer.events).containsExactly("established", "left");
  }

  @Test
  void shouldForgetAPeerThatDiedAfterItsDisconnect() {
    Peer peer = establish();
    b.alive = false;
    a.disconnect(peer);
    fabric.run(25 * SECOND);
    assertThat(fabric.log).hasSize(1 + CmConfig.DEFAULT.disconnectRetries());
    assertThat(a.engine.table.all()).isEmpty();
    assertThat(peer.events).containsExactly("established", "left");
  }

  @Test
  void shouldAnswerADisconnectOfAForgottenConnection() {
    Peer peer = establish();
    b.engine.table.all().forEach(b.engine.table::remove);
    a.disconnect(peer);
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("a>b DREQ", "b>a DREP");
    assertThat(peer.conn.state).isEqualTo(CmState.TIMEWAIT);
  }

  @Test
  void shouldWithdrawARequestThatItsSenderGaveUp() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    a.disconnect(peer);
    fabric.run(MS);
    assertThat(b.accept(b.requests.getFirst())).isFalse();
    assertThat(b.engine.listener(Station.SERVICE).pending).isZero();
    assertThat(peer.events).containsExactly("left");
  }

  @Test
  void shouldEndAConnectionWhoseReplyCameTooLate() {
    fabric.cut = "a>b REJ"::equals;
    Peer peer = a.connect(b);
    a.disconnect(peer);
    fabric.run(MS);
    fabric.cut = message -> false;
    fabric.run(3 * SECOND);
    assertThat(peer.events).containsExactly("left");
    assertThat(b.accepted.getFirst().events).hasSize(1);
    assertThat(b.accepted.getFirst().events.getFirst()).startsWith("rejected");
  }

  @Test
  void shouldTellThePeerWhenTheQueuePairCantBeMoved() {
    a.movesQueuePairs = false;
    Peer peer = a.connect(b);
    fabric.run(MS);
    a.engine.refuseReply(peer.conn, fabric.nowNs);
    fabric.run(MS);
    assertThat(b.accepted.getFirst().events).containsExactly("rejected 1");
  }

  @Test
  void shouldRefuseAQueuePairNumberInTimewait() {
    Peer first = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    a.disconnect(first);
    fabric.run(MS);
    Peer again = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    assertThat(again.events).containsExactly("rejected 10");
    fabric.run(CmConfig.DEFAULT.timewaitNs());
    Peer later = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    assertThat(later.events).containsExactly("established");
  }

  @Test
  void shouldEndTheOldConnectionOfAQueuePairThatBeginsAnew() {
    Peer first = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    // The peer forgot it, as after a crash.
    a.engine.table.all().forEach(a.engine.table::remove);
    Peer again = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    assertThat(again.events).containsExactly("rejected 10");
    assertThat(b.accepted.getFirst().events).containsExactly("established", "disconnected");
    assertThat(first.events).containsExactly("established");
  }

  @Test
  void shouldEndTheOldConnectionAlsoWhereAStrangerClaimedItsQueuePair() throws Exception {
    a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    Station stranger = fabric.station("c", "192.0.2.3", 4096);
    stranger.connect(b, 500, new byte[0]);
    MemorySegment req = fabric.sent.getLast();
    CmReq.LOCAL_CA_GUID.set(req, 0, a.port.guid());
    b.engine.receive(
        stranger.port.gidHigh(), stranger.port.gidLow(), req, 0, Mad.LENGTH, fabric.nowNs);
    b.react();
    assertThat(b.accepted).hasSize(2);
    a.engine.table.all().forEach(a.engine.table::remove);
    Peer again = a.connect(b, 500, new byte[0]);
    fabric.run(MS);
    assertThat(again.events).containsExactly("rejected 10");
    assertThat(b.accepted.getFirst().events).containsExactly("established", "disconnected");
  }

  @Test
  void shouldAskForPatienceAndRejectAfterTenSeconds() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(9 * SECOND);
    assertThat(fabric.log).startsWith("a>b REQ", "b>a MRA").hasSizeLessThan(10);
    assertThat(b.requests).hasSize(1);
    fabric.run(2 * SECOND);
    assertThat(peer.events).containsExactly("delay 2147 ms", "rejected 4");
    assertThat(b.accept(b.requests.getFirst())).isFalse();
  }

  @Test
  void shouldAcceptLateAfterAskingForPatience() {
    b.accepts = false;
    Peer peer = a.connect(b);
    fabric.run(8 * SECOND);
    assertThat(b.accept(b.requests.getFirst())).isTrue();
    fabric.run(SECOND);
    assertThat(peer.events).containsExactly("delay 2147 ms", "established");
    assertThat(b.requests).hasSize(1);
  }

  @Test
  void shouldConnectAnUnreliableConnectionToAPlainServiceId() {
    b.engine.listen(Station.RAW_SERVICE, b);
    Peer peer = a.connect(b, 500, QpType.UC, Station.RAW_SERVICE, new byte[92]);
    fabric.run(MS);
    assertThat(peer.events).containsExactly("established");
    Station.Asked asked = b.requests.getFirst();
    assertThat(asked.request().type()).isEqualTo(QpType.UC);
    assertThat(asked.request().remoteAddress().getPort()).isZero();
    assertThat(asked.privateData()).hasSize(92);
    Peer reliable = a.connect(b, 501, QpType.RC, Station.RAW_SERVICE, new byte[1]);
    fabric.run(MS);
    assertThat(reliable.events).containsExactly("established");
  }

  @Test
  void shouldRefuseAnotherQueuePairUnderAnIdThatIsTaken() {
    Peer peer = establish();
    MemorySegment req = fabric.sent.getFirst();
    CmReq.LOCAL_QPN.set(req, 0, 0x777);
    fabric.log.clear();
    b.engine.receive(a.port.gidHigh(), a.port.gidLow(), req, 0, Mad.LENGTH, fabric.nowNs);
    assertThat(fabric.log).containsExactly("b>a REJ");
    assertThat(CmRej.REASON.getInt(fabric.sent.getLast(), 0))
        .isEqualTo(RejectReason.DUPLICATE_LOCAL_COMM_ID);
    assertThat(peer.conn.state).isEqualTo(CmState.ESTABLISHED);
  }

  @Test
  void shouldSayThatAnAlternatePathIsNotUsed() {
    fabric.cut = "a>b REQ"::equals;
    a.connect(b);
    MemorySegment req = fabric.sent.getFirst();
    CmReq.ALTERNATE_LOCAL_GID.set(req, 0, new byte[] {(byte) 0xFE, (byte) 0x80, 1});
    b.engine.receive(a.port.gidHigh(), a.port.gidLow(), req, 0, Mad.LENGTH, fabric.nowNs);
    b.react();
    assertThat(CmRep.FAILOVER_ACCEPTED.getInt(fabric.sent.getLast(), 0)).isEqualTo(1);
  }

  @Test
  void shouldBoundPendingRequestsAndConnections() throws Exception {
    CmConfig small = new CmConfig(4, 4, 2, 18, 13, 15 * SECOND, 10 * SECOND, 17, 7, 5 * SECOND);
    Station c = fabric.station("c", "192.0.2.9", 4096, small);
    c.accepts = false;
    c.engine.listen(Station.SERVICE, c);
    List<Peer> peers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      peers.add(a.connect(c));
    }
    fabric.run(MS);
    assertThat(peers.get(2).events).containsExactly("rejected 3");
    c.requests.forEach(c::accept);
    fabric.run(MS);
    c.accepts = true;
    for (int i = 0; i < 3; i++) {
      peers.add(a.connect(c));
      fabric.run(MS);
    }
    assertThat(peers.get(3).events).containsExactly("established");
    assertThat(peers.get(4).events).containsExactly("established");
    assertThat(peers.get(5).events).containsExactly("rejected 3");
    assertThat(c.connect(a).conn).isNull();
    for (Peer peer : peers) {
      a.disconnect(peer);
    }
    fabric.run(MS);
    assertThat(c.engine.table.live()).isZero();
    assertThat(c.engine.table.lingering()).isLessThanOrEqualTo(4);
  }

  @Test
  void shouldDropMessagesWhileApplicationsAreTooSlowAndGoOnAfterwards() {
    b.full = true;
    Peer peer = a.connect(b);
    fabric.run(3 * SECOND);
    assertThat(b.requests).isEmpty();
    assertThat(b.engine.counter(CmCounter.DROPPED_BUSY)).isEqualTo(3);
    b.full = false;
    fabric.run(2 * SECOND);
    assertThat(peer.events).containsExactly("established");
  }

  @Test
  void shouldEndEverythingWhenThePortCloses() {
    Peer peer = establish();
    b.accepts = false;
    Peer waiting = a.connect(b);
    fabric.run(MS);
    b.engine.close(fabric.nowNs);
    assertThat(b.accepted.getFirst().events).containsExactly("established", "disconnected");
    fabric.run(MS);
    assertThat(peer.events).containsExactly("established", "disconnected");
    assertThat(waiting.events).hasSize(1);
    assertThat(b.engine.nextDueNs()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void shouldListListenersAndConnectionsForOperators() throws Exception {
    b.engine.listen(Station.RAW_SERVICE, b);
    b.engine.listenDatagrams(Station.UDP_SERVICE, b);
    Peer peer = establish();
    CmId active = a.engine.cmIds().getFirst();
    assertThat(a.engine.cmIds()).hasSize(1);
    assertThat(active.localQpn()).isEqualTo(100);
    assertThat(active.type()).isEqualTo(QpType.RC);
    assertThat(active.state()).isEqualTo(CmId.State.CONNECT);
    assertThat(active.portSpace()).isEqualTo("TCP");
    assertThat(active.destination()).isEqualTo(new InetSocketAddress(b.port.address(), 3260));
    assertThat(active.source().getAddress()).isEqualTo(a.port.address());
    InetSocketAddress any = new InetSocketAddress(b.port.address(), 0);
    assertThat(b.engine.cmIds())
        .containsExactlyInAnyOrder(
            new CmId(
                0,
                QpType.RC,
                CmId.State.LISTEN,
                "TCP",
                new InetSocketAddress(b.port.address(), 3260),
                null),
            new CmId(
                0,
                QpType.UD,
                CmId.State.LISTEN,
                "UDP",
                new InetSocketAddress(b.port.address(), 7174),
                null),
            new CmId(0, null, CmId.State.LISTEN, "-", any, null),
            new CmId(
                100,
                QpType.RC,
                CmId.State.CONNECT,
                "TCP",
                new InetSocketAddress(b.port.address(), 3260),
                active.source()));
    b.accepts = false;
    a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(MS);
    CmId resolving = a.engine.cmIds().getLast();
    assertThat(resolving.destination()).isEqualTo(new InetSocketAddress(b.port.address(), 7174));
    assertThat(b.engine.cmIds())
        .contains(
            new CmId(
                0,
                QpType.UD,
                CmId.State.CONNECT,
                "UDP",
                resolving.destination(),
                resolving.source()));
    b.answer(b.datagrams.getFirst(), 0);
    fabric.run(MS);
    assertThat(a.engine.cmIds()).containsExactly(active);
    assertThat(b.engine.cmIds()).hasSize(4);
    b.alive = false;
    a.disconnect(peer);
    assertThat(a.engine.cmIds().getFirst().state()).isEqualTo(CmId.State.DISCONNECT);
    fabric.run(20 * SECOND);
    assertThat(a.engine.cmIds()).as("in timewait it is over").isEmpty();
  }
}
