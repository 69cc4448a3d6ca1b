// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.PortCounter;
import org.junit.jupiter.api.Test;

/** Whole hosts in virtual time. {@code ./ib simulate} runs more seeds, and one again. */
class WorldTest {
  private static final int SEEDS = 1000;

  @Test
  void shouldKeepItsPromisesWhateverHappens() {
    Simulate.Result result = Simulate.run(1, SEEDS, line -> {});
    assertThat(result.whole()).isGreaterThan(2 * SEEDS);
    assertThat(result.made()).isGreaterThan(result.whole());
    for (PortCounter counter : Simulate.HAPPENED) {
      assertThat(result.counter(counter)).as("%s", counter).isPositive();
    }
    assertThat(result.happenings())
        .hasSize(Happening.values().length)
        .allSatisfy((what, n) -> assertThat(n).as("%s", what).isPositive());
  }
}
