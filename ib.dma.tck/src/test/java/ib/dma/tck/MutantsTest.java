// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.tck.TckResult.Outcome;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rule of the ops, broken on purpose: the kit can fail. */
class MutantsTest {
  /** These may find any defect, or not: the seed decides. */
  private static final Set<TckCase> RANDOM = Set.of(TckCase.RANDOM, TckCase.CONCURRENT);

  private final HostMemoryPool pool = new HostMemoryPool(512L << 20);

  @ParameterizedTest
  @EnumSource(Mutant.class)
  void shouldBeFoundByItsCaseAndOnlyByThoseListed(Mutant mutant) {
    TckOptions options =
        TckOptions.defaults().withSteps(300).withBlockedNs(TimeUnit.MILLISECONDS.toNanos(500));

    TckReport report =
        DmaTck.run(mutant.device(), mutant.over(new DefaultDmaOps(pool), pool), pool, options);

    assertThat(report.cases(Outcome.FAILED)).as(report.text()).contains(mutant.target());
    assertThat(withoutRandom(report.cases(Outcome.FAILED)))
        .as(report.text())
        .isEqualTo(withoutRandom(mutant.foundBy()));
    assertThat(report.passed()).isFalse();
  }

  private static Set<TckCase> withoutRandom(Collection<TckCase> cases) {
    return cases.stream().filter(test -> !RANDOM.contains(test)).collect(Collectors.toSet());
  }

  @Test
  void shouldBreakEachRule() {
    Set<TckCase> broken =
        Arrays.stream(Mutant.values()).map(Mutant::target).collect(Collectors.toSet());

    assertThat(TckCase.values()).allMatch(broken::contains);
  }
}
