// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import ib.transport.PortQp;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Gids;
import ib.transport.wire.Opcode;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Congestion: marks, notifications, and what they do to the rate. */
class CongestionTest {
  private static final int MARKED = 3;
  private static final long MS = 1_000_000;

  private static List<SimPacket> notifications(Pair pair) {
    return pair.log.stream().filter(p -> p.opcode() == Opcode.CNP).toList();
  }

  private static void deliverMarked(Pair pair, int trafficClass) {
    List<SimPacket> packets = List.copyOf(pair.wire);
    pair.wire.clear();
    packets.forEach(p -> pair.b.receive(p, true, trafficClass, pair.nowNs));
  }

  @Test
  void shouldNotifyThePeerOfMarkedPackets() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 5000, w -> w.setRemote(SimMemory.BASE, 0x1000));
    pair.qpA.kickSend();
    pair.a.engine.transmit(pair.a, pair.nowNs);
    deliverMarked(pair, 0x68 | MARKED);
    pair.settle();
    assertThat(pair.b.engine.counter(PortCounter.NP_ECN_MARKED_ROCE_PACKETS)).isEqualTo(5);
    assertThat(pair.b.engine.counter(PortCounter.NP_CNP_SENT)).isEqualTo(1);
    assertThat(pair.a.engine.counter(PortCounter.RP_CNP_HANDLED)).isEqualTo(1);
    assertThat(notifications(pair)).hasSize(1);
    SimPacket packet = notifications(pair).getFirst();
    assertThat(packet.bytes()).hasSize(Bth.LENGTH + 16 + 4);
    assertThat(Bth.becn(packet.segment(), 0)).isTrue();
    assertThat(Bth.destQp(packet.segment(), 0)).isEqualTo(Pair.QPN_A);
    for (int i = 0; i < 16; i++) {
      assertThat(packet.bytes()[Bth.LENGTH + i]).isZero();
    }
    assertThat(pair.backendA.sendDone.getFirst().status()).isEqualTo(WcStatus.SUCCESS);
  }

  @Test
  void shouldNotNotifyOfPacketsThatAreOnlyCapable() throws Exception {
    Pair pair = Pair.connected(a -> a);
    for (int trafficClass = 0; trafficClass < 3; trafficClass++) {
      pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 500, w -> w.setRemote(SimMemory.BASE, 0x1000));
      pair.qpA.kickSend();
      pair.a.engine.transmit(pair.a, pair.nowNs);
      deliverMarked(pair, 0xFC | trafficClass);
      pair.settle();
    }
    assertThat(notifications(pair)).isEmpty();
    assertThat(pair.b.engine.counter(PortCounter.NP_ECN_MARKED_ROCE_PACKETS)).isZero();
  }

  @Test
  void shouldNotifyOnceAPeriod() throws Exception {
    Pair pair = Pair.connected(a -> a);
    pair.drop = packet -> packet.opcode() == Opcode.CNP;
    long endNs = pair.nowNs + 10 * MS;
    while (pair.nowNs < endNs) {
      pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 500, w -> w.setRemote(SimMemory.BASE, 0x1000));
      pair.qpA.kickSend();
      pair.a.engine.onTimers(pair.nowNs);
      pair.a.engine.transmit(pair.a, pair.nowNs);
      deliverMarked(pair, MARKED);
      pair.settle();
      pair.nowNs += 1000;
    }
    long most = 10 * MS / Congestion.NOTIFICATION_PERIOD_NS + 1;
    assertThat((long) notifications(pair).size()).isBetween(most / 2, most);
  }

  @Test
  void shouldHalveTheRateAndRecover() {
    RateLimit rate = new RateLimit();
    long nowNs = -5 * MS;
    assertThat(rate.bytesPerSecond(nowNs)).isInfinite();
    rate.onNotification(nowNs);
    assertThat(rate.bytesPerSecond(nowNs)).isEqualTo(RateLimit.LINE_BYTES_PER_SECOND / 2);
    rate.onNotification(nowNs + 50_000);
    assertThat(rate.bytesPerSecond(nowNs + 50_000)).isEqualTo(RateLimit.LINE_BYTES_PER_SECOND / 4);
    // Half of the way to the target with each period.
    assertThat(rate.bytesPerSecond(nowNs + 50_000 + RateLimit.PERIOD_NS))
        .isEqualTo(RateLimit.LINE_BYTES_PER_SECOND * 3 / 8);
    assertThat(rate.alpha()).isLessThan(1);
    assertThat(rate.bytesPerSecond(nowNs + 500 * MS)).isInfinite();
  }

  @Test
  void shouldKeepALeastRateHoweverManyNotificationsCome() {
    RateLimit rate = new RateLimit();
    long nowNs = 7;
    for (int i = 0; i < 100_000; i++) {
      rate.onNotification(nowNs);
      nowNs += 500;
    }
    assertThat(rate.bytesPerSecond(nowNs)).isEqualTo(RateLimit.LEAST_BYTES_PER_SECOND);
    rate.sent(4096, nowNs);
    rate.sent(100_000, nowNs);
    assertThat(rate.admits(nowNs)).isFalse();
    assertThat(rate.nextNs() - nowNs).isLessThan(100 * MS);
    assertThat(rate.admits(rate.nextNs())).isTrue();
  }

  /** A slow link with a queue in front that marks what it holds back. */
  private static final class Bottleneck {
    static final int BYTES_PER_US = 500;
    static final int MARK_FROM_BYTES = 100_000;

    private record Waiting(SimPacket packet, boolean marked) {}

    private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
    private final boolean marks;
    private long queuedBytes;
    private long budget;
    long mostBytes;
    long carriedBytes;

    Bottleneck(boolean marks) {
      this.marks = marks;
    }

    void add(SimPacket packet) {
      queue.add(new Waiting(packet, marks && queuedBytes > MARK_FROM_BYTES));
      queuedBytes += packet.bytes().length;
      mostBytes = Math.max(mostBytes, queuedBytes);
    }

    void carry(Pair pair, long us) {
      budget = queue.isEmpty() ? 0 : budget + us * BYTES_PER_US;
      while (!queue.isEmpty() && budget >= queue.peek().packet.bytes().length) {
        Waiting next = queue.poll();
        int length = next.packet.bytes().length;
        budget -= length;
        queuedBytes -= length;
        carriedBytes += length;
        pair.b.receive(next.packet, true, next.marked ? MARKED : 2, pair.nowNs);
      }
    }
  }

  /** Runs two writers through a slow link for a time; the longest queue after the first part. */
  private static Bottleneck overload(boolean marks) throws Exception {
    EngineOptions wide = SimHost.options().withWindowPackets(4096);
    Pair pair = Pair.connected(wide, a -> a.timeoutCode(20));
    Bottleneck link = new Bottleneck(marks);
    pair.backendA.onSend = done -> post(pair);
    for (int i = 0; i < 50; i++) {
      post(pair);
    }
    for (int us = 0; us < 60_000; us += 2) {
      pair.nowNs += 2000;
      pair.a.engine.onTimers(pair.nowNs);
      pair.a.engine.transmit(pair.a, pair.nowNs);
      pair.wire.forEach(link::add);
      pair.wire.clear();
      link.carry(pair, 2);
      pair.b.engine.transmit(pair.b, pair.nowNs);
      pair.wire.forEach(p -> pair.a.receive(p, true, pair.nowNs));
      pair.wire.clear();
      pair.log.clear();
      pair.backendA.sendDone.clear();
      if (us == 20_000) {
        link.mostBytes = 0;
        link.carriedBytes = 0;
      }
    }
    return link;
  }

  private static void post(Pair pair) {
    pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 256 << 10, w -> w.setRemote(SimMemory.BASE, 0x1000));
    pair.qpA.kickSend();
  }

  @Test
  void shouldKeepTheQueueOfASlowLinkShortAndTheLinkBusy() throws Exception {
    Bottleneck blind = overload(false);
    Bottleneck told = overload(true);
    assertThat(blind.mostBytes)
        .as("without marks the window stands in the queue")
        .isGreaterThan(2 << 20);
    assertThat(told.mostBytes).isLessThan(blind.mostBytes / 4);
    assertThat(told.carriedBytes).isGreaterThan(blind.carriedBytes * 6 / 10);
  }

  /** Between two requests for an acknowledgement a slowed sender must not time out. */
  @Test
  void shouldAskForAnAcknowledgementBeforeItWaitsForItsRate() throws Exception {
    Pair pair = Pair.connected(a -> a.timeoutCode(10).retryCount(0));
    pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 60 << 10, w -> w.setRemote(SimMemory.BASE, 0x1000));
    for (long endNs = pair.nowNs + 300 * MS; pair.nowNs < endNs; pair.nowNs += 50_000) {
      Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
      if (pair.backendA.sendDone.isEmpty() && pair.log.isEmpty() && pair.nowNs > 10 * MS) {
        pair.qpA.kickSend();
      }
      pair.a.engine.onTimers(pair.nowNs);
      pair.settle();
    }
    assertThat(pair.backendA.sendDone)
        .extracting(SimBackend.SendDone::status)
        .containsExactly(WcStatus.SUCCESS);
    assertThat(pair.a.engine.counter(PortCounter.COMPLETER_RETRY_ERR)).isZero();
  }

  @Test
  void shouldForgetALimitWithItsConnection() throws Exception {
    Pair pair = Pair.connected(a -> a);
    Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
    pair.backendA.post(WrOpcode.RDMA_WRITE, 0, 1 << 20, w -> w.setRemote(SimMemory.BASE, 0x1000));
    pair.qpA.kickSend();
    for (int i = 0; i < 60; i++) {
      Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
      pair.nowNs += 10_000;
      pair.settle();
    }
    assertThat(pair.a.engine.nextDeadlineNs()).isLessThan(pair.nowNs + 60 * MS);
    pair.qpA.destroy();
    assertThat(pair.a.engine.onTimers(pair.nowNs + 3600L * 1000 * MS)).isZero();
  }

  // Unreliable services.

  private static void ready(PortQp qp, InetAddress peer, int peerQpn) throws Exception {
    if (qp.type() == QpType.UD) {
      qp.modify(new QpAttributes().state(QpState.INIT).qkey(7));
      qp.modify(new QpAttributes().state(QpState.RTR));
    } else {
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.ALL));
      qp.modify(
          new QpAttributes()
              .state(QpState.RTR)
              .remoteAddress(peer)
              .destQpn(peerQpn)
              .pathMtuBytes(1024)
              .rqPsn(0));
    }
    qp.modify(new QpAttributes().state(QpState.RTS).sqPsn(0));
  }

  private static Pair unreliable(QpType type) throws Exception {
    Pair pair = new Pair(type, SimHost.options());
    ready(pair.qpA, pair.b.address, Pair.QPN_B);
    ready(pair.qpB, pair.a.address, Pair.QPN_A);
    return pair;
  }

  private static void send(Pair pair, int bytes) {
    pair.backendA.post(WrOpcode.SEND, 0, bytes, w -> w.setDatagram(0, pair.b.low, Pair.QPN_B, 7));
    pair.qpA.kickSend();
  }

  @ParameterizedTest
  @EnumSource(names = {"UC", "UD"})
  void shouldNotifyTheSenderOverUnreliableServicesOnceAPeriod(QpType type) throws Exception {
    Pair pair = unreliable(type);
    for (int i = 0; i < 3; i++) {
      send(pair, 100);
    }
    pair.a.engine.transmit(pair.a, pair.nowNs);
    deliverMarked(pair, MARKED);
    pair.settle();
    assertThat(pair.b.engine.counter(PortCounter.NP_ECN_MARKED_ROCE_PACKETS))
        .isEqualTo(type == QpType.UC ? 3 : 0);
    for (int i = 0; i < 6; i++) {
      pair.backendB.postReceive(0, 1000);
    }
    pair.nowNs += Congestion.NOTIFICATION_PERIOD_NS;
    for (int i = 0; i < 3; i++) {
      send(pair, 100);
    }
    pair.a.engine.onTimers(pair.nowNs);
    pair.a.engine.transmit(pair.a, pair.nowNs);
    deliverMarked(pair, MARKED);
    pair.settle();
    // A datagram for which there was no receive is none of the queue pair's.
    int most = type == QpType.UC ? 2 : 1;
    assertThat(notifications(pair)).hasSize(most);
    assertThat(notifications(pair))
        .allMatch(p -> Bth.destQp(p.segment(), 0) == Pair.QPN_A && Bth.becn(p.segment(), 0));
    assertThat(pair.b.engine.counter(PortCounter.NP_CNP_SENT)).isEqualTo(most);
    assertThat(pair.a.engine.counter(PortCounter.RP_CNP_HANDLED)).isEqualTo(most);
  }

  @ParameterizedTest
  @EnumSource(names = {"UC", "UD"})
  void shouldSlowDownWhenNotifiedOverUnreliableServicesAndRecover(QpType type) throws Exception {
    Pair pair = unreliable(type);
    for (int i = 0; i < 40; i++) {
      Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
      pair.nowNs += RateLimit.CUT_PERIOD_NS;
    }
    for (int i = 0; i < 200; i++) {
      pair.backendB.postReceive(0, 2000);
      send(pair, 1000);
    }
    long beganNs = pair.nowNs;
    pair.settle();
    assertThat(pair.backendA.sendDone.size()).isLessThan(200);
    assertThat(pair.a.engine.wantsTransmit()).as("it waits, and does not spin").isFalse();
    pair.run();
    assertThat(pair.backendA.sendDone).hasSize(200);
    assertThat(pair.backendB.receiveDone).hasSize(200);
    assertThat(pair.nowNs - beganNs).isGreaterThan(100_000);
    // And none of it is left behind for the next life of the queue pair.
    Crafted.request(Opcode.CNP, Pair.QPN_A, 0, 0).deliverToA(pair);
    pair.qpA.modify(new QpAttributes().state(QpState.RESET));
    assertThat(pair.a.engine.nextDeadlineNs()).isEqualTo(PortEngine.NO_DEADLINE);
  }

  @Test
  void shouldNotifyEachOfManySendersOfDatagrams() throws Exception {
    Pair pair = unreliable(QpType.UD);
    int senders = 2 * DatagramCongestion.SENDERS;
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < senders; i++) {
        int sender = 0x400 + i;
        pair.backendB.postReceive(0, 1000);
        SimPacket packet =
            Crafted.request(Opcode.UD_SEND_ONLY, Pair.QPN_B, 0, 8)
                .with(b -> Deth.write(b, Bth.LENGTH, 7, sender))
                .from(pair.a.low, pair.b.low);
        pair.b.receive(packet, false, MARKED, pair.nowNs);
        if (i % DatagramCongestion.SENDERS == DatagramCongestion.SENDERS - 1) {
          pair.settle();
        }
      }
      pair.nowNs += Congestion.NOTIFICATION_PERIOD_NS;
    }
    assertThat(notifications(pair))
        .extracting(p -> Bth.destQp(p.segment(), 0))
        .contains(0x400, 0x400 + senders - 1)
        .hasSize(2 * senders);
  }

  @Test
  void shouldNotNotifyOfADatagramToAGroup() throws Exception {
    Pair pair = unreliable(QpType.UD);
    long group = Gids.low(InetAddress.ofLiteral("239.1.2.3"));
    pair.qpB.attachMcast(0, group);
    pair.backendB.postReceive(0, 1000);
    SimPacket packet =
        Crafted.request(Opcode.UD_SEND_ONLY, QueuePair.MULTICAST_QPN, 0, 8)
            .with(b -> Deth.write(b, Bth.LENGTH, 7, Pair.QPN_A))
            .from(pair.a.low, group);
    pair.b.engine.receiveMulticast(
        0,
        group,
        0,
        pair.a.low,
        SimPacket.SOURCE_PORT,
        PortEngine.IP_ID_UNKNOWN,
        MARKED,
        packet.segment(),
        0,
        packet.bytes().length,
        pair.nowNs);
    pair.settle();
    assertThat(pair.backendB.receiveDone).hasSize(1);
    assertThat(pair.b.engine.counter(PortCounter.NP_ECN_MARKED_ROCE_PACKETS)).isEqualTo(1);
    assertThat(notifications(pair)).isEmpty();
  }
}
