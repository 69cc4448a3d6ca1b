// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static ib.cm.internal.Fabric.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.AskedDatagram;
import ib.cm.internal.Station.Wanted;
import ib.transport.agent.AgentTask;
import ib.verbs.SidrStatus;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Service id resolution on a network that behaves, on one that loses, and from seeds. */
class SidrEngineTest {
  private static final int SEEDS = 300;
  private static final int STEPS = 100;
  private static final long LONG_NS = 60 * SECOND;

  private final Fabric fabric = Fabric.perfect(1);
  private Station a;
  private Station b;

  @BeforeEach
  void build() throws Exception {
    a = fabric.station("a", "192.0.2.1", 4096);
    b = fabric.station("b", "192.0.2.2", 4096);
    b.engine.listenDatagrams(Station.UDP_SERVICE, b);
    b.engine.listenDatagrams(Station.RAW_SERVICE, b);
  }

  @Test
  void shouldResolveWithIpAddressing() {
    Wanted wanted = a.resolve(b, Station.UDP_SERVICE, new byte[] {1, 2});
    fabric.run(SECOND);
    assertThat(fabric.log).containsExactly("a>b SIDR_REQ", "b>a SIDR_REP");
    assertThat(wanted.events).containsExactly("resolved 100 85 with 4");
    AskedDatagram asked = b.datagrams.getFirst();
    assertThat(asked.from().getAddress()).isEqualTo(a.port.address());
    assertThat(asked.from().getPort()).isBetween(32768, 60999);
    assertThat(asked.privateData()).hasSize(180).startsWith(1, 2, 0);
  }

  @Test
  void shouldResolveAPlainServiceId() {
    Wanted wanted = a.resolve(b, Station.RAW_SERVICE, new byte[216]);
    fabric.run(SECOND);
    assertThat(wanted.events).containsExactly("resolved 100 85 with 4");
    assertThat(b.datagrams.getFirst().from().getPort()).isZero();
    assertThat(b.datagrams.getFirst().privateData()).hasSize(216);
  }

  @Test
  void shouldSayThatNobodyListensOrRefuses() {
    Wanted nobody = b.resolve(a, Station.UDP_SERVICE, new byte[0]);
    b.accepts = false;
    Wanted refused = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(MS);
    b.answer(b.datagrams.getFirst(), SidrStatus.REJECTED);
    fabric.run(MS);
    assertThat(nobody.events).containsExactly("refused 1");
    assertThat(refused.events).containsExactly("refused 2");
  }

  @Test
  void shouldKeepDatagramsAndConnectionsApart() {
    b.engine.listen(Station.SERVICE, b);
    Wanted wanted = a.resolve(b, Station.SERVICE, new byte[0]);
    fabric.run(MS);
    assertThat(wanted.events).containsExactly("refused 1");
    assertThat(b.engine.listen(Station.UDP_SERVICE, b)).isNull();
    assertThat(b.engine.listenDatagrams(Station.SERVICE, b)).isNull();
  }

  @Test
  void shouldAnswerARepeatedRequestWithoutAskingAgain() {
    fabric.cut = "b>a SIDR_REP"::equals;
    Wanted wanted = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(10 * MS);
    fabric.cut = message -> false;
    fabric.run(2 * SECOND);
    assertThat(wanted.events).containsExactly("resolved 100 85 with 4");
    assertThat(b.datagrams).hasSize(1);
  }

  @Test
  void shouldGiveUpInWordsAfterAboutFifteenSeconds() {
    b.alive = false;
    Wanted wanted = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(14 * SECOND);
    assertThat(wanted.events).isEmpty();
    fabric.run(2 * SECOND);
    assertThat(wanted.events).hasSize(1);
    assertThat(wanted.events.getFirst())
        .contains("192.0.2.2", "UDP port 7174", "14 resolutions", "port a");
    assertThat(a.engine.sidr.size()).isZero();
    assertThat(a.engine.nextDueNs()).isEqualTo(AgentTask.NO_DEADLINE);
  }

  @Test
  void shouldRefuseWhatTheApplicationDoesNotAnswer() {
    b.accepts = false;
    Wanted wanted = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(11 * SECOND);
    assertThat(wanted.events).containsExactly("refused 2");
    assertThat(b.answer(b.datagrams.getFirst(), 0)).isFalse();
    assertThat(b.engine.listener(Station.UDP_SERVICE).pending).isZero();
  }

  @Test
  void shouldRefuseWhatWasNotAnsweredWhenTheListenerCloses() {
    b.accepts = false;
    Wanted wanted = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    fabric.run(MS);
    b.engine.unlisten(b.engine.listener(Station.UDP_SERVICE), fabric.nowNs);
    fabric.run(MS);
    assertThat(wanted.events).containsExactly("refused 1");
    assertThat(b.engine.listenDatagrams(Station.UDP_SERVICE, b)).isNotNull();
  }

  @Test
  void shouldBoundWhatItRemembers() throws Exception {
    CmConfig small = new CmConfig(4, 3, 2, 18, 13, 15 * SECOND, 10 * SECOND, 17, 7, 5 * SECOND);
    Station c = fabric.station("c", "192.0.2.9", 4096, small);
    c.engine.listenDatagrams(Station.UDP_SERVICE, c);
    c.accepts = false;
    List<Wanted> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      all.add(a.resolve(c, Station.UDP_SERVICE, new byte[0]));
    }
    fabric.run(MS);
    assertThat(all.get(2).events).containsExactly("refused 3");
    c.accepts = true;
    for (int i = 0; i < 10; i++) {
      a.resolve(c, Station.UDP_SERVICE, new byte[0]);
      fabric.run(MS);
    }
    assertThat(c.engine.sidr.size()).isLessThanOrEqualTo(3);
    for (int i = 0; i < 4; i++) {
      assertThat(c.resolve(a, Station.UDP_SERVICE, new byte[0]).exchange).isNotNull();
    }
    assertThat(c.resolve(a, Station.UDP_SERVICE, new byte[0]).exchange).isNull();
  }

  @Test
  void shouldEndEverythingWhenThePortCloses() {
    b.accepts = false;
    Wanted theirs = a.resolve(b, Station.UDP_SERVICE, new byte[0]);
    Wanted ours = b.resolve(a, Station.UDP_SERVICE, new byte[0]);
    b.engine.close(fabric.nowNs);
    assertThat(ours.events).hasSize(1);
    assertThat(ours.events.getFirst()).startsWith("failed: port b closed");
    assertThat(b.engine.nextDueNs()).isEqualTo(AgentTask.NO_DEADLINE);
    fabric.run(MS);
    assertThat(theirs.events).containsExactly("refused 1");
  }

  @Test
  void shouldEndEachResolutionOnceOnABadNetwork() throws Exception {
    int resolved = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      resolved += run(seed);
    }
    assertThat(resolved).isGreaterThan(SEEDS * 10);
  }

  /** Loss, duplication and reordering; applications that answer, refuse, give up or stay silent. */
  private static int run(long seed) throws Exception {
    Random random = new Random(seed);
    Fabric fabric = new Fabric(seed, 0.15, 0.15, 400 * MS);
    Station[] stations = new Station[2];
    for (int i = 0; i < 2; i++) {
      stations[i] = fabric.station("p" + i, "192.0.2." + (i + 1), 4096);
      stations[i].accepts = false;
      stations[i].engine.listenDatagrams(Station.UDP_SERVICE, stations[i]);
    }
    int death = random.nextInt(4) == 0 ? random.nextInt(STEPS) : STEPS;
    List<Wanted> all = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      stations[1].alive = i < death;
      Station station = stations[random.nextInt(2)];
      switch (random.nextInt(5)) {
        case 0, 1 ->
            all.add(
                station.resolve(
                    station == stations[0] ? stations[1] : stations[0],
                    Station.UDP_SERVICE,
                    new byte[] {(byte) i}));
        case 2, 3 -> answer(station, random);
        default -> {
          List<Wanted> open =
              all.stream().filter(w -> w.by == station && w.events.isEmpty()).toList();
          if (!open.isEmpty()) {
            station.cancel(open.get(random.nextInt(open.size())));
          }
        }
      }
      fabric.run(random.nextLong(300 * MS));
    }
    fabric.run(LONG_NS);
    int resolved = 0;
    for (Wanted wanted : all) {
      boolean died = wanted.events.isEmpty() && death < STEPS;
      assertThat(died || wanted.events.size() == 1).as("seed %d: %s", seed, wanted.events).isTrue();
      resolved += wanted.events.stream().anyMatch(e -> e.startsWith("resolved")) ? 1 : 0;
    }
    for (Station station : stations) {
      Set<Long> asked = new HashSet<>();
      for (AskedDatagram request : station.datagrams) {
        assertThat(asked.add(request.exchange().transactionId))
            .as("seed %d: a request twice", seed)
            .isTrue();
      }
      if (station.alive) {
        assertThat(station.engine.sidr.size()).as("seed %d", seed).isZero();
        assertThat(station.engine.listener(Station.UDP_SERVICE).pending)
            .as("seed %d", seed)
            .isZero();
        assertThat(station.engine.nextDueNs()).as("seed %d", seed).isEqualTo(AgentTask.NO_DEADLINE);
      }
    }
    return resolved;
  }

  private static void answer(Station station, Random random) {
    for (AskedDatagram asked : station.datagrams) {
      if (asked.exchange().state == SidrExchange.State.REQ_RCVD) {
        station.answer(asked, random.nextInt(4) == 0 ? SidrStatus.REJECTED : 0);
      }
    }
  }
}
