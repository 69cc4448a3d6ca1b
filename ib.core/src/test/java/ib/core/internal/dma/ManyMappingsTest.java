// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A million live mappings in one device, and what threads keep for themselves. */
class ManyMappingsTest {
  private static final int MILLION = 1_000_000;
  private static final int LENGTH = 256;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final IbDevice root = new IbDevice("mthca0", 1, -1, 1 << 20, -1, "driver");

  private DefaultDmaOps ops(DmaMode mode) {
    DefaultDmaOps ops = new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(mode)));
    ops.attach(root);
    return ops;
  }

  private IbDma user(DefaultDmaOps ops, String owner) {
    IbDevice view = root.forOwner(owner);
    ops.attach(view);
    return new IbDma(view, ops);
  }

  @ParameterizedTest
  @EnumSource(names = {"IOMMU_STRICT", "DIRECT"})
  void shouldHoldAMillionMappings(DmaMode mode) {
    DefaultDmaOps ops = ops(mode);
    DmaBus bus = ops.bus(root);
    IbDma dma = user(ops, "ulp");
    int slots = 1 << 17;
    DmaMemory memory = pool.allocate((long) slots * LENGTH);
    long[] addresses = new long[MILLION];
    for (int i = 0; i < MILLION; i++) {
      addresses[i] = dma.mapSingle(memory, (long) (i % slots) * LENGTH, LENGTH, BOTH);
    }
    assertThat(ops.usage(dma.device()))
        .isEqualTo(new DmaUsage(MILLION, 0, 0, (long) MILLION * LENGTH));
    assertThat(memory.pinCount()).isEqualTo(MILLION);
    BusWindow window = new BusWindow();
    for (int i = 0; i < MILLION; i += 997) {
      assertThat(bus.resolve(addresses[i], LENGTH, DmaAccess.WRITE, window))
          .isEqualTo(DmaFault.NONE);
      assertThat(window.segment().address() + window.offset())
          .isEqualTo(memory.segment().address() + (long) (i % slots) * LENGTH);
    }
    for (int i = 0; i < MILLION; i += 2) {
      dma.unmapSingle(addresses[i], LENGTH, BOTH);
    }
    DomainStatistics figures = ops.statistics().getFirst();
    assertThat(figures.live()).isEqualTo(new DmaUsage(MILLION / 2, 0, 0, MILLION / 2 * LENGTH));
    assertThat(figures.maps()).isEqualTo(MILLION);
    assertThat(figures.unmaps()).isEqualTo(MILLION / 2);
    assertThat(figures.peak()).isBetween(MILLION - MILLION / 16L, (long) MILLION);
    assertThat(figures.pagesUsed()).isEqualTo(mode == DmaMode.DIRECT ? 0 : MILLION / 2);

    assertThat(ops.detach(dma.device()).mappings()).isEqualTo(MILLION / 2);
    assertThat(memory.pinCount()).isZero();
    assertThat(ops.statistics().getFirst().pagesUsed()).isZero();
    assertThat(ops.detach(root)).isEqualTo(DmaUsage.NONE);
  }

  @Test
  void shouldServeMoreThreadsThanThereAreLanes() throws InterruptedException {
    DefaultDmaOps ops = ops(DmaMode.IOMMU_STRICT);
    IbDma dma = user(ops, "ulp");
    DmaMemory memory = pool.allocate(4096);
    Thread[] threads = new Thread[2 * Lanes.LANES];
    for (int round = 0; round < 3; round++) {
      java.util.concurrent.CountDownLatch all = new java.util.concurrent.CountDownLatch(1);
      for (int t = 0; t < threads.length; t++) {
        threads[t] =
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < 100; i++) {
                        long address = dma.mapSingle(memory, 0, 4096, BOTH);
                        dma.unmapSingle(address, 4096, BOTH);
                      }
                      try {
                        all.await(); // all alive: nobody's lane is free for another
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    });
      }
      while (maps(ops) < (round + 1) * 100L * threads.length && anyAlive(threads)) {
        Thread.onSpinWait();
      }
      all.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }
    DomainStatistics figures = ops.statistics().getFirst();
    assertThat(figures.maps()).isEqualTo(3 * 100L * threads.length);
    assertThat(figures.live()).isEqualTo(DmaUsage.NONE);
    assertThat(figures.pagesUsed()).isZero();
    assertThat(memory.pinCount()).isZero();
  }

  private static boolean anyAlive(Thread[] threads) {
    for (Thread thread : threads) {
      if (thread.isAlive()) {
        return true;
      }
    }
    return false;
  }

  private static long maps(DefaultDmaOps ops) {
    return ops.statistics().getFirst().maps();
  }

  @Test
  void shouldCountWhatAnOperatorAsksFor() {
    DefaultDmaOps ops = ops(DmaMode.SWIOTLB);
    IbDma dma = user(ops, "ulp");
    DmaMemory memory = pool.allocate(4096);
    for (int i = 0; i < 10; i++) {
      long address = dma.mapSingle(memory, 0, 100, BOTH);
      dma.syncSingleRangeForCpu(address, 10, 30, BOTH);
      dma.syncSingleForDevice(address, 100, BOTH);
      dma.unmapSingle(address, 100, BOTH);
    }
    DomainStatistics figures = ops.statistics().getFirst();
    assertThat(figures.maps()).isEqualTo(10);
    assertThat(figures.unmaps()).isEqualTo(10);
    assertThat(figures.peak()).isEqualTo(1);
    assertThat(figures.syncs()).isEqualTo(20);
    assertThat(figures.bouncedBytes()).isEqualTo(10 * (100 + 30 + 100 + 100));
    assertThat(figures.iovaMisses()).isEqualTo(1);
    assertThat(figures.iovaHits()).isEqualTo(9);
  }
}
