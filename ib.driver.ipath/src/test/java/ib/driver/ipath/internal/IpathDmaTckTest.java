// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.debug.DebugInterposer;
import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.tck.DmaTck;
import ib.dma.tck.TckCase;
import ib.dma.tck.TckOptions;
import ib.dma.tck.TckReport;
import ib.dma.tck.TckResult;
import ib.dma.tck.TckResult.Outcome;
import java.util.EnumSet;
import java.util.List;
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

  /** What other ops mapped these know nothing of, and say so; nor do the others of theirs. */
  @Test
  void shouldRefuseWhatOtherOpsMapped() {
    IbDmaOps shared = new DefaultDmaOps(pool);
    IbDmaOps own = new IpathDmaOps(pool);
    DmaMemory memory = pool.allocate(4096);
    for (IbDmaOps mapping : List.of(shared, own)) {
      IbDmaOps other = mapping == own ? shared : own;
      mapping.attach(device);
      long address = mapping.mapSingle(device, memory, 0, 64, DmaDirection.TO_DEVICE, 0);
      DmaUsage before = mapping.usage(device);

      assertThatThrownBy(() -> other.unmapSingle(device, address, 64, DmaDirection.TO_DEVICE, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ipath0")
          .hasMessageContaining("other ops");

      assertThat(mapping.usage(device)).isEqualTo(before);
      mapping.unmapSingle(device, address, 64, DmaDirection.TO_DEVICE, 0);
      assertThat(mapping.detach(device)).isEqualTo(DmaUsage.NONE);
    }
    assertThat(memory.pinCount()).isZero();
    memory.close();
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
