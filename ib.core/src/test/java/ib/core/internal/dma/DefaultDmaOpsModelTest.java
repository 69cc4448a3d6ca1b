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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The default ops against a model that keeps a plain map of bytes, and under several threads. */
@ParameterizedClass
@EnumSource(DmaMode.class)
class DefaultDmaOpsModelTest {
  private static final DmaDirection[] DIRECTIONS = {
    DmaDirection.BIDIRECTIONAL, DmaDirection.TO_DEVICE, DmaDirection.FROM_DEVICE
  };

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DmaMode mode;
  private final DefaultDmaOps ops;

  DefaultDmaOpsModelTest(DmaMode mode) {
    this.mode = mode;
    this.ops = new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(mode)));
  }

  private final IbDevice root = new IbDevice("ehca0", 1, (1 << 23) - 1, 1 << 20, -1, "driver");

  private record Live(long address, DmaMemory memory, long offset, long length, DmaDirection dir) {}

  private boolean isolates() {
    return mode != DmaMode.DIRECT && mode != DmaMode.AUTO;
  }

  private IbDma attach(String owner) {
    IbDevice view = root.forOwner(owner);
    ops.attach(view);
    return new IbDma(view, ops);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void shouldAgreeWithAPlainModel(long seed) {
    Random random = new Random(seed);
    ops.attach(root);
    DmaBus bus = ops.bus(root);
    IbDma dma = attach("ulp");
    DmaMemory memory = pool.allocate(1 << 20);
    BusWindow window = new BusWindow();
    List<Live> live = new ArrayList<>();
    Map<Long, Live> pages = new HashMap<>();
    for (int step = 0; step < 6_000; step++) {
      int what = random.nextInt(100);
      if (what < 35) {
        long length = 1 + random.nextInt(random.nextInt(8) == 0 ? 100_000 : 5000);
        long offset = random.nextInt((int) (memory.size() - length + 1));
        DmaDirection direction = DIRECTIONS[random.nextInt(3)];
        long address = dma.mapSingle(memory, offset, length, direction);
        if (!dma.mappingError(address)) {
          Live mapping = new Live(address, memory, offset, length, direction);
          for (long page = address >>> 12;
              isolates() && page <= (address + length - 1) >>> 12;
              page++) {
            assertThat(pages.put(page, mapping)).as("seed %d step %d", seed, step).isNull();
          }
          live.add(mapping);
        }
      } else if (what < 65 && !live.isEmpty()) {
        Live mapping = live.remove(random.nextInt(live.size()));
        dma.unmapSingle(mapping.address, mapping.length, mapping.dir);
        ops.flush();
        pages.values().removeIf(mapping::equals);
      } else {
        long address =
            live.isEmpty() || random.nextInt(3) == 0
                ? random.nextLong(1 << 23)
                : live.get(random.nextInt(live.size())).address + random.nextInt(6000) - 500;
        long length = 1 + random.nextInt(6000);
        DmaAccess access = random.nextBoolean() ? DmaAccess.READ : DmaAccess.WRITE;
        if (!isolates()) {
          continue;
        }
        DmaFault expected = expected(pages.get(address >>> 12), address, length, access);
        DmaFault fault = bus.resolve(address, length, access, window);
        assertThat(fault).as("seed %d step %d", seed, step).isEqualTo(expected);
        if (fault == DmaFault.NONE) {
          Live mapping = pages.get(address >>> 12);
          if (mode != DmaMode.SWIOTLB) {
            assertThat(window.offset()).isEqualTo(mapping.offset + address - mapping.address);
          }
          assertThat(window.length()).isEqualTo(length);
        }
      }
    }
    for (Live mapping : live) {
      DmaAccess access = mapping.dir.deviceMayRead() ? DmaAccess.READ : DmaAccess.WRITE;
      assertThat(bus.resolve(mapping.address, mapping.length, access, window))
          .as("seed %d", seed)
          .isEqualTo(DmaFault.NONE);
    }
    DmaUsage left = ops.detach(dma.device());
    assertThat(left.mappings()).isEqualTo(live.size());
    assertThat(left.bytes()).isEqualTo(live.stream().mapToLong(Live::length).sum());
    assertThat(memory.pinCount()).isZero();
    assertThat(ops.statistics().getFirst().pagesUsed()).isZero();
  }

  private static DmaFault expected(Live mapping, long address, long length, DmaAccess access) {
    if (address < 0) {
      return DmaFault.OUTSIDE_MASK;
    }
    if (mapping == null
        || address < mapping.address
        || address >= mapping.address + mapping.length) {
      return address >= 1 << 23 ? DmaFault.OUTSIDE_MASK : DmaFault.NOT_MAPPED;
    }
    if (!access.allowedBy(mapping.dir)) {
      return DmaFault.WRONG_DIRECTION;
    }
    return address + length > mapping.address + mapping.length
        ? DmaFault.OUT_OF_BOUNDS
        : DmaFault.NONE;
  }

  /**
   * Each thread maps only memory marked as its own; a device that resolves any address it knows
   * must see either a fault or memory of the thread that mapped this address.
   */
  @Test
  void shouldNeverLeadToAnotherMappingWhileOthersMapAndUnmap() throws Exception {
    ops.attach(root);
    DmaBus bus = ops.bus(root);
    int mappers = 3;
    AtomicLongArray shown = new AtomicLongArray(mappers);
    AtomicBoolean stop = new AtomicBoolean();
    DmaMemory[] memories = new DmaMemory[mappers];
    for (int t = 0; t < mappers; t++) {
      memories[t] = pool.allocate(65_536);
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(mappers + 1)) {
      List<Future<?>> runs = new ArrayList<>();
      Future<?> device = threads.submit(() -> resolveAll(bus, shown, memories, stop));
      for (int t = 0; t < mappers; t++) {
        int me = t;
        runs.add(threads.submit(() -> churn(bus, attach("ulp" + me), memories[me], shown, me)));
      }
      try {
        for (Future<?> run : runs) {
          run.get();
        }
      } finally {
        stop.set(true);
      }
      device.get();
    }
    ops.flush();
    DomainStatistics figures = ops.statistics().getFirst();
    assertThat(figures.live()).isEqualTo(DmaUsage.NONE);
    assertThat(figures.pagesUsed()).isZero();
    assertThat(figures.maps()).isEqualTo(mappers * 10_000L);
  }

  private void churn(DmaBus bus, IbDma dma, DmaMemory memory, AtomicLongArray shown, int me) {
    Random random = new Random(me);
    BusWindow window = new BusWindow();
    for (int i = 0; i < 10_000; i++) {
      long length = 1 + random.nextInt(20_000);
      long offset = random.nextInt((int) (memory.size() - length));
      long address = dma.mapSingle(memory, offset, length, DmaDirection.BIDIRECTIONAL);
      assertThat(dma.mappingError(address)).as("%s, map %d of %d", mode, i, me).isFalse();
      shown.set(me, address);
      assertThat(bus.resolve(address, length, DmaAccess.READ, window)).isEqualTo(DmaFault.NONE);
      boolean own = window.segment().address() == memory.segment().address();
      assertThat(own).isEqualTo(mode != DmaMode.SWIOTLB);
      shown.set(me, 0);
      dma.unmapSingle(address, length, DmaDirection.BIDIRECTIONAL);
      if (mode == DmaMode.IOMMU_STRICT
          && bus.resolve(address, length, DmaAccess.READ, window) == DmaFault.NONE) {
        // Another thread had time to be given the address.
        assertThat(window.segment().address()).isNotEqualTo(memory.segment().address());
      }
    }
  }

  private void resolveAll(
      DmaBus bus, AtomicLongArray shown, DmaMemory[] memories, AtomicBoolean stop) {
    BusWindow window = new BusWindow();
    while (!stop.get()) {
      for (int t = 0; t < memories.length; t++) {
        long address = shown.get(t);
        if (address != 0
            && bus.resolve(address, 1, DmaAccess.WRITE, window) == DmaFault.NONE
            && shown.get(t) == address
            && mode != DmaMode.SWIOTLB) {
          assertThat(window.segment().address()).isEqualTo(memories[t].segment().address());
        }
      }
    }
  }

  /** A detach in the middle of mapping leaves nothing behind, whoever wins each race. */
  @Test
  void shouldLeaveNothingBehindWhenDetachedWhileMapping() throws Exception {
    ops.attach(root);
    DmaMemory memory = pool.allocate(4096);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int round = 0; round < 100; round++) {
        IbDma dma = attach("ulp");
        Future<?> mapper =
            threads.submit(
                () -> {
                  while (true) {
                    long address = dma.mapSingle(memory, 0, 4096, DmaDirection.TO_DEVICE);
                    if (dma.mappingError(address)) {
                      return;
                    }
                    dma.unmapSingle(address, 4096, DmaDirection.TO_DEVICE);
                  }
                });
        Thread.onSpinWait();
        ops.detach(dma.device());
        mapper.get();
        assertThat(memory.pinCount()).isZero();
      }
    }
    ops.flush();
    assertThat(ops.statistics().getFirst().pagesUsed()).isZero();
    assertThat(ops.detach(root)).isEqualTo(DmaUsage.NONE);
  }
}
