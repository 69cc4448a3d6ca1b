// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.core.internal.dma.HostMemoryPool;
import ib.dma.IbDevice;
import ib.dma.tck.DmaTck;
import ib.dma.tck.TckCase;
import ib.dma.tck.TckOptions;
import ib.dma.tck.TckReport;
import ib.dma.tck.TckResult.Outcome;
import org.junit.jupiter.api.Test;

/** InfiniPath's operations hold the rules, but for the guarantees that they don't give. */
class IpathDmaTckTest {
  @Test
  void shouldConform() {
    HostMemoryPool pool = new HostMemoryPool(256L << 20);
    IbDevice device = new IbDevice("ipath0", 0x1175, -1, 1 << 30, -1, "test");

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
            TckCase.REVOKED,
            TckCase.COHERENT_REVOKED,
            TckCase.BOUNDS,
            TckCase.ISOLATED,
            TckCase.DIRECTION,
            TckCase.MISUSE);
  }
}
