// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import org.junit.jupiter.api.Test;

/**
 * The reliable connection on a network that loses and reorders up to 10 % of the packets each, and
 * doubles and damages some. {@code -Dopenhca.sim.seed=N} runs one seed alone, {@code
 * -Dopenhca.sim.seeds=N} another number of them.
 */
class SimulationTest {
  private static final int SEEDS = 1000;

  @Test
  void shouldDeliverEveryMessageOnceAndInOrder() {
    Long only = Long.getLong("openhca.sim.seed");
    long first = only == null ? 1 : only;
    long last = only == null ? Integer.getInteger("openhca.sim.seeds", SEEDS) : only;
    for (long seed = first; seed <= last; seed++) {
      try {
        new Simulation(seed).run();
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "seed " + seed + " (again with -Dopenhca.sim.seed=" + seed + "): " + e.getMessage(), e);
      }
    }
  }
}
