// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import static ib.cm.internal.Fabric.MS;
import static ib.cm.internal.Fabric.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import ib.cm.internal.Station.Asked;
import ib.cm.internal.Station.Peer;
import ib.transport.agent.AgentTask;
import ib.verbs.RejectReason;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Connection managers on a bad network, each run from a seed. */
class CmSimulationTest {
  private static final int SEEDS = 300;
  private static final int STEPS = 120;

  /** Longer than any retry, limit and timewait together. */
  private static final long LONG_NS = 60 * SECOND;

  /** One run: two stations that connect to each other, with applications that do as they like. */
  private static final class Run {
    private final Random random;
    private final Fabric fabric;
    private final Station[] stations = new Station[2];
    private final List<List<Peer>> active = List.of(new ArrayList<>(), new ArrayList<>());

    Run(long seed) throws Exception {
      random = new Random(seed);
      fabric = new Fabric(seed, 0.1, 0.1, 40 * MS);
      for (int i = 0; i < 2; i++) {
        stations[i] = fabric.station("p" + i, "192.0.2." + (i + 1), 4096);
        stations[i].accepts = false;
        stations[i].engine.listen(Station.SERVICE, stations[i]);
      }
    }

    void act() {
      int who = random.nextInt(2);
      Station station = stations[who];
      switch (random.nextInt(6)) {
        case 0, 1 -> active.get(who).add(station.connect(stations[1 - who]));
        case 2, 3 -> answer(station);
        case 4 -> leave(station, active.get(who));
        default -> leave(station, station.accepted);
      }
      fabric.run(random.nextLong(300 * MS));
    }

    private void answer(Station station) {
      for (Asked asked : station.requests) {
        if (asked.conn().state == CmState.REQ_RCVD) {
          if (random.nextInt(4) == 0) {
            station.engine.reject(
                asked.conn(), RejectReason.CONSUMER_DEFINED, new byte[] {7}, fabric.nowNs);
          } else {
            station.accept(asked);
          }
        }
      }
    }

    private void leave(Station station, List<Peer> peers) {
      List<Peer> left = peers.stream().filter(peer -> peer.conn.owner == peer).toList();
      if (!left.isEmpty()) {
        station.disconnect(left.get(random.nextInt(left.size())));
      }
    }

    /**
     * Applications answer for a while; then everybody who is still alive ends what stands, and time
     * passes.
     */
    void end() {
      for (int i = 0; i < 50; i++) {
        answer(stations[i % 2]);
        fabric.run(100 * MS);
      }
      fabric.run(LONG_NS);
      for (int i = 0; i < 2; i++) {
        Station station = stations[i];
        if (station.alive) {
          for (Peer peer : all(i)) {
            if (peer.conn.owner == peer) {
              station.disconnect(peer);
            }
          }
        }
      }
      fabric.run(LONG_NS);
    }

    List<Peer> all(int i) {
      List<Peer> all = new ArrayList<>(active.get(i));
      all.addAll(stations[i].accepted);
      return all;
    }
  }

  @Test
  void shouldTellEverybodyOnceAndForgetEverything() throws Exception {
    int established = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      for (int i = 0; i < STEPS; i++) {
        run.act();
      }
      run.end();
      for (int i = 0; i < 2; i++) {
        established += check(run, i, "seed " + seed);
        assertThat(run.active.get(i))
            .as("seed %d: nobody failed to connect", seed)
            .noneMatch(peer -> peer.events.getLast().startsWith("failed"));
      }
      bothSidesAgree(run, seed);
    }
    assertThat(established).isGreaterThan(SEEDS * 10);
  }

  @Test
  void shouldComeToAnEndWhenAPeerDies() throws Exception {
    for (long seed = 1; seed <= SEEDS; seed++) {
      Run run = new Run(seed);
      int death = run.random.nextInt(STEPS);
      for (int i = 0; i < STEPS; i++) {
        if (i == death) {
          run.stations[1].alive = false;
        }
        run.act();
      }
      run.end();
      check(run, 0, "seed " + seed + ", peer dies at step " + death);
    }
  }

  /** Checks what the applications of a station were told; the number of connections that stood. */
  private static int check(Run run, int i, String seed) {
    Station station = run.stations[i];
    for (Peer peer : run.all(i)) {
      assertThat(String.join(",", peer.events))
          .as("%s: events of %s", seed, station.port.name())
          .matches(
              "(delay \\d+ ms,)?(established,)?(left|disconnected|rejected \\d+( with 7 of 148)?|failed: [^,]*(,[^,]*)*)");
      assertThat(peer.events.stream().filter("established"::equals).count()).isLessThan(2);
      long last =
          peer.events.stream()
              .filter(event -> !event.equals("established") && !event.startsWith("delay "))
              .count();
      assertThat(last).as("%s: one last event in %s", seed, peer.events).isEqualTo(1);
    }
    Set<Integer> asked = new HashSet<>();
    for (Asked request : station.requests) {
      assertThat(asked.add(request.request().qpn()))
          .as("%s: a request of QP %d twice", seed, request.request().qpn())
          .isTrue();
    }
    assertThat(station.engine.table.all()).as(seed).isEmpty();
    assertThat(station.engine.table.lingering()).as(seed).isZero();
    assertThat(station.engine.listener(Station.SERVICE).pending).as(seed).isZero();
    assertThat(station.engine.nextDueNs()).as(seed).isEqualTo(AgentTask.NO_DEADLINE);
    return (int) run.all(i).stream().filter(peer -> peer.events.contains("established")).count();
  }

  /** Whoever was told that the connection stands has a peer that accepted it. */
  private static void bothSidesAgree(Run run, long seed) {
    for (int i = 0; i < 2; i++) {
      Station other = run.stations[1 - i];
      for (Peer peer : run.active.get(i)) {
        if (peer.events.contains("established")) {
          assertThat(other.accepted)
              .as("seed %d: the other end of %s", seed, peer.conn)
              .anyMatch(end -> end.conn.localId == peer.conn.remoteId);
        }
      }
    }
  }
}
