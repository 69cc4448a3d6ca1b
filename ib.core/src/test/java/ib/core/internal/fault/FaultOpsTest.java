// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Maps that fail on purpose: which, how, and that nothing is left of them. */
class FaultOpsTest {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final IbDevice root = new IbDevice("mthca0", 1, 0xFFFF_FFFFL, 1 << 20, -1, "driver");
  private final DmaMemory memory = pool.allocate(8192);
  private long nowNs = 5;
  private FaultOps ops;

  private FaultRule rule(Set<String> owners, long every, long above, long afterMs) {
    return new FaultRule(owners, every, above, afterMs, () -> nowNs);
  }

  private IbDma user(FaultRule rule, boolean coherent) {
    ops = new FaultOps(new DefaultDmaOps(pool), rule, coherent);
    ops.attach(root);
    IbDevice view = root.forOwner("ulp");
    ops.attach(view);
    return new IbDma(view, ops);
  }

  private boolean works(IbDma dma, int bytes) {
    long address = dma.mapSingle(memory, 0, bytes, TO);
    if (dma.mappingError(address)) {
      return false;
    }
    dma.unmapSingle(address, bytes, TO);
    return true;
  }

  @Test
  void shouldFailEveryNthOfAnyFamilyAndLeaveNothing() {
    FaultRule every = rule(Set.of(), 3, 0, 0);
    IbDma dma = user(every, false);
    ScatterList list = new ScatterList(2).add(memory, 0, 64).add(memory, 4096, 64);

    assertThat(works(dma, 64)).isTrue();
    assertThat(works(dma, 64)).isTrue();
    assertThat(works(dma, 64)).isFalse();
    assertThat(dma.mapSg(list, 2, TO)).isPositive();
    dma.unmapSg(list, 2, TO);
    assertThat(works(dma, 64)).isTrue();
    assertThat(dma.mapSg(list, 2, TO)).isZero();
    assertThat(list.mappedEntries()).isZero();

    assertThat(every.injected()).isEqualTo(2);
    assertThat(memory.pinCount()).isZero();
    assertThat(ops.usage(dma.device())).isEqualTo(DmaUsage.NONE);
    assertThat(dma.allocCoherent(64)).isNotNull();
  }

  @Test
  void shouldFailOnlyWhatIsLongEnoughLateEnoughAndOfTheOwner() {
    IbDma big = user(rule(Set.of(), 1, 4096, 0), false);
    assertThat(works(big, 4096)).isTrue();
    assertThat(works(big, 4097)).isFalse();

    root.setOpsData(null);
    IbDma late = user(rule(Set.of("ulp"), 1, 0, 2), false);
    assertThat(works(late, 64)).isTrue();
    nowNs += 2_000_000;
    assertThat(works(late, 64)).isFalse();

    root.setOpsData(null);
    assertThat(works(user(rule(Set.of("other"), 1, 0, 0), false), 64)).isTrue();
  }

  @Test
  void shouldFailCoherentMemoryOnlyIfToldSo() {
    assertThat(user(rule(Set.of(), 1, 0, 0), true).allocCoherent(64)).isNull();
  }

  @Test
  void shouldStillRefuseWhatIsMisuse() {
    IbDma dma = user(rule(Set.of(), 1, 0, 0), false);

    assertThatThrownBy(() -> dma.mapSingle(memory, 0, 64, DmaDirection.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> dma.unmapSingle(FaultOps.ERROR, 64, TO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
