// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which failing maps are told, and how often. */
class FailureLogTest {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;

  private final List<String> lines = new ArrayList<>();
  private final HostMemoryPool pool = new HostMemoryPool(16L << 20);
  private final DmaMemory heap = DmaMemory.ofForeign(MemorySegment.ofArray(new byte[64]));
  private final DmaMemory closed = pool.allocate(4096);
  private long nowNs;
  private IbDma dma = dmaOf("mthca0");

  private IbDma dmaOf(String name) {
    DefaultDmaOps ops =
        new DefaultDmaOps(
            pool, new DmaModes(DmaSettings.DEFAULT), new FailureLog(lines::add, () -> nowNs));
    IbDevice root = new IbDevice(name, 1, -1, 1 << 20, -1, "driver");
    ops.attach(root);
    IbDevice view = root.forOwner("ib.ulp.test");
    ops.attach(view);
    return new IbDma(view, ops);
  }

  @BeforeEach
  void close() {
    closed.close();
  }

  private void fail(DmaMemory memory, int attributes) {
    assertThat(dma.mappingError(dma.mapSingle(memory, 0, 64, TO, attributes))).isTrue();
  }

  @Test
  void shouldTellDeviceOwnerSizeAndCause() {
    fail(heap, DmaAttributes.NONE);

    assertThat(lines)
        .containsExactly(
            "mapping 64 bytes on mthca0 for ib.ulp.test failed: the memory can not be mapped");
  }

  @Test
  void shouldTellNothingIfAskedNotTo() {
    fail(heap, DmaAttributes.NO_WARN);
    ScatterList list = new ScatterList(1).add(heap, 0, 64);
    assertThat(dma.mapSg(list, 1, TO, DmaAttributes.NO_WARN)).isZero();
    DmaIova state = new DmaIova();
    assertThat(dma.iovaTryAlloc(state, heap, 0, 64)).isTrue();
    assertThat(dma.iovaLink(state, 0, heap, 0, 64, TO, DmaAttributes.NO_WARN)).isFalse();

    assertThat(lines).isEmpty();
  }

  @Test
  void shouldTellAListAndALinkToo() {
    ScatterList list = new ScatterList(1).add(heap, 0, 64);
    assertThat(dma.mapSg(list, 1, TO)).isZero();
    DmaIova state = new DmaIova();
    assertThat(dma.iovaTryAlloc(state, closed, 0, 4096)).isTrue();
    assertThat(dma.iovaLink(state, 0, closed, 0, 4096, TO)).isFalse();

    assertThat(lines).hasSize(2);
    assertThat(lines.getLast()).contains("4096 bytes", "the memory is closed");
  }

  @Test
  void shouldTellEachCauseOnceAndThenHowOften() {
    for (int i = 0; i < 5; i++) {
      fail(heap, DmaAttributes.NONE);
      fail(closed, DmaAttributes.NONE);
    }
    assertThat(lines).hasSize(2);

    nowNs += FailureLog.QUIET_NS - 1;
    fail(heap, DmaAttributes.NONE);
    assertThat(lines).hasSize(2);
    nowNs++;
    fail(heap, DmaAttributes.NONE);

    assertThat(lines).hasSize(3);
    assertThat(lines.getLast()).endsWith("can not be mapped, 6 times since the last line");
  }

  @Test
  void shouldTellEachDevice() {
    fail(heap, DmaAttributes.NONE);
    dma = dmaOf("mthca1");
    fail(heap, DmaAttributes.NONE);

    assertThat(lines).hasSize(2);
    assertThat(lines.getLast()).contains("mthca1");
  }
}
