// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The reliable connection on a network that loses and reorders up to 10 % of the packets each, and
 * doubles and damages some. {@code -Dopenhca.sim.seed=N} runs one seed alone, {@code
 * -Dopenhca.sim.seeds=N} another number of them.
 */
class SimulationTest {
  private static final int SEEDS = 1000;

  /** What a network like this must have brought about, else the simulation shows nothing. */
  private static final List<PortCounter> HAPPENED =
      List.of(
          PortCounter.RCVD_PKTS,
          PortCounter.DROPPED_ICRC,
          PortCounter.DUPLICATE_REQUEST,
          PortCounter.OUT_OF_SEQ_REQUEST,
          PortCounter.RCVD_RNR_ERR,
          PortCounter.RCVD_SEQ_ERR,
          PortCounter.COMPLETER_RETRY_ERR);

  @Test
  void shouldDeliverEveryMessageOnceAndInOrder() {
    Long only = Long.getLong("openhca.sim.seed");
    long first = only == null ? 1 : only;
    long last = only == null ? Integer.getInteger("openhca.sim.seeds", SEEDS) : only;
    Map<PortCounter, Long> seen = new EnumMap<>(PortCounter.class);
    for (long seed = first; seed <= last; seed++) {
      try {
        Simulation simulation = new Simulation(seed);
        simulation.run();
        for (PortCounter counter : HAPPENED) {
          seen.merge(counter, simulation.counter(counter), Long::sum);
        }
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "seed " + seed + " (again with -Dopenhca.sim.seed=" + seed + "): " + e.getMessage(), e);
      }
    }
    if (only == null) {
      assertThat(seen).allSatisfy((counter, n) -> assertThat(n).as("%s", counter).isPositive());
    }
  }
}
