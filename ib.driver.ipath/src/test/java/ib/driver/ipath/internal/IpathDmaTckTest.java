// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.debug.DebugInterposer;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.IbDevice;
import ib.dma.tck.DmaTck;
import ib.dma.tck.TckCase;
import ib.dma.tck.TckOptions;
import ib.dma.tck.TckReport;
import ib.dma.tck.TckResult;
import ib.dma.tck.TckResult.Outcome;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;

/** InfiniPath's operations hold the rules, but for the guarantees that they don't give. */
class IpathDmaTckTest {
  private final HostMemoryPool pool = new HostMemoryPool(256L << 20);
  private final IbDevice device = new IbDevice("ipath0", 0x1175, -1, 1 << 30, -1, "test");

  /** But the case that maps the same memory 200,000 times: debug compares each with all others. */
  @Test
  void shouldConformUnderDebugWhichReportsMisuseOnly() {
    for (TckCase test : EnumSet.complementOf(EnumSet.of(TckCase.NEVER_BLOCKS))) {
      DebugInterposer debug = new DebugInterposer(pool);
      TckOptions options = TckOptions.defaults().withSteps(500).withInterposer(debug);

      TckResult result = DmaTck.run(test, device, new IpathDmaOps(pool), pool, options);

      assertThat(result.outcome()).as(result.toString()).isNotEqualTo(Outcome.FAILED);
      if (!test.misuses()) {
        assertThat(debug.reports()).as(test.toString()).isEmpty();
      } else if (result.outcome() == Outcome.PASSED) {
        assertThat(debug.reports()).as(test.toString()).isNotEmpty();
      }
    }
    assertThat(pool.usedBytes()).as("left over").isZero();
  }

  @Test
  void shouldConform() {
    TckReport report = DmaTck.run(device, new IpathDmaOps(pool), pool, TckOptions.defaults());

    assertThat(report.cases(Outcome.FAILED)).as(report.text()).isEmpty();
    assertThat(report.cases(Outcome.SKIPPED))
        .as(report.text())
        .containsExactlyInAnyOrder(
            TckCase.IN_MASK,
            TckCase.NEVER_BLOCKS,
            TckCase.SIZE_LIMIT,
            TckCase.SEGMENT_SIZE,
            TckCase.SEGMENT_BOUNDARY,
            TckCase.TWO_STEP_LINKED,
            TckCase.TWO_STEP_GROWS,
            TckCase.TWO_STEP_REFUSALS,
            TckCase.TWO_STEP_RECLAIMED,
            TckCase.REVOKED,
            TckCase.COHERENT_REVOKED,
            TckCase.BOUNDS,
            TckCase.ISOLATED,
            TckCase.DIRECTION,
            TckCase.MISUSE);
  }
}
