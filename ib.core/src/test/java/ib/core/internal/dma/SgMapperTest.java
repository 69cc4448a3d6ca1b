// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static ib.dma.DmaDirection.FROM_DEVICE;
import static ib.dma.DmaDirection.TO_DEVICE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.BusAccessor;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SgMapperTest {
  /** Longest time until all that a map needs is compiled. */
  private static final long COMPILED_NS = 120_000_000_000L;

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DefaultDmaOps ops = new DefaultDmaOps(pool);
  private final BusWindow window = new BusWindow();
  private final DmaMemory memory = pool.allocate(1 << 20);

  private IbDma device(int maxSegment, long boundaryMask) {
    IbDevice root = new IbDevice("mthca0", 1, 0xFFFF_FFFFL, maxSegment, boundaryMask, "driver");
    ops.attach(root);
    IbDevice view = root.forOwner("ulp");
    ops.attach(view);
    return new IbDma(view, ops);
  }

  private DmaFault read(IbDma dma, long address, long length) {
    return ops.bus(dma.device().parent()).resolve(address, length, DmaAccess.READ, window);
  }

  @Test
  void shouldMergeNeighboursThatMeetOnAPage() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(4);
    list.add(memory, 100, 3996).add(memory, 8192, 4096).add(memory, 40_960, 50);
    list.add(memory, 0, 60);
    assertThat(dma.mapSg(list, 4, TO_DEVICE)).isEqualTo(2);
    long first = dma.dmaAddress(list, 0);
    assertThat(first & 0xFFF).isEqualTo(100);
    assertThat(dma.dmaLen(list, 0)).isEqualTo(3996 + 4096 + 50);
    assertThat(dma.dmaLen(list, 1)).isEqualTo(60);
    assertThat(read(dma, first, 8142)).isEqualTo(DmaFault.NONE);
    assertThat(window.length()).isEqualTo(3996);
    assertThat(read(dma, first + 3996, 4146)).isEqualTo(DmaFault.NONE);
    assertThat(window.offset()).isEqualTo(8192);
    assertThat(window.length()).isEqualTo(4096);
    assertThat(read(dma, first, 8143)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
    assertThat(ops.usage(dma.device())).isEqualTo(new DmaUsage(0, 4, 0, 8202));
    dma.unmapSg(list, 4, TO_DEVICE);
    assertThat(read(dma, first + 3996, 1)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(ops.usage(dma.device())).isEqualTo(DmaUsage.NONE);
    assertThat(list.mappedEntries()).isZero();
    assertThat(memory.pinCount()).isZero();
  }

  @Test
  void shouldMapAListAgainWithoutANewObject() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(2);
    list.add(memory, 0, 4096).add(memory, 4096, 4096);
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long bytesPerMap = Long.MAX_VALUE;
    // Until what the JVM itself allocates while it links and compiles is over.
    long endNs = System.nanoTime() + COMPILED_NS;
    while (bytesPerMap != 0 && System.nanoTime() - endNs < 0) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1000; i++) {
        dma.mapSg(list, 2, TO_DEVICE);
        dma.unmapSg(list, 2, TO_DEVICE);
      }
      bytesPerMap = (threads.getCurrentThreadAllocatedBytes() - before) / 1000;
    }
    assertThat(bytesPerMap).isZero();
  }

  @Test
  void shouldMapOnlyTheEntriesToldOf() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(1);
    list.add(memory, 0, 10).add(memory, 100, 10).add(memory, 200, 10);
    assertThat(dma.mapSg(list, 2, TO_DEVICE)).isEqualTo(2);
    assertThat(ops.usage(dma.device()).sgEntries()).isEqualTo(2);
    dma.unmapSg(list, 2, TO_DEVICE);
  }

  @Test
  void shouldKeepEntriesWithinTheMaximumSegmentSize() {
    IbDma dma = device(8192, -1);
    ScatterList list = new ScatterList(8);
    for (int i = 0; i < 5; i++) {
      list.add(memory, i * 8192L, 4096);
    }
    assertThat(dma.mapSg(list, 5, TO_DEVICE)).isEqualTo(3);
    assertThat(dma.dmaLen(list, 0)).isEqualTo(8192);
    assertThat(dma.dmaLen(list, 2)).isEqualTo(4096);
    // The next entry begins where the first ends; that is no way into it.
    assertThat(dma.dmaAddress(list, 1)).isEqualTo(dma.dmaAddress(list, 0) + 8192);
    assertThat(read(dma, dma.dmaAddress(list, 0), 8193)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
    dma.unmapSg(list, 5, TO_DEVICE);
    list.clear();
    list.add(memory, 0, 8193);
    assertThatThrownBy(() -> dma.mapSg(list, 1, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("entry 0")
        .hasMessageContaining("mthca0")
        .hasMessageContaining("split");
  }

  @Test
  void shouldCrossNoSegmentBoundary() {
    long seed = 99;
    Random random = new Random(seed);
    IbDma dma = device(16_384, 0x3FFF);
    for (int round = 0; round < 500; round++) {
      ScatterList list = new ScatterList(20);
      long total = 0;
      int n = 1 + random.nextInt(20);
      for (int i = 0; i < n; i++) {
        int length = 1 + random.nextInt(12_000);
        list.add(memory, random.nextInt(256) * 4096L / 2, length);
        total += length;
      }
      int mapped = dma.mapSg(list, n, TO_DEVICE);
      assertThat(mapped).as("seed %d round %d", seed, round).isBetween(1, n);
      long sum = 0;
      for (int i = 0; i < mapped; i++) {
        long address = dma.dmaAddress(list, i);
        long length = dma.dmaLen(list, i);
        assertThat(address >>> 14)
            .as("seed %d round %d", seed, round)
            .isEqualTo((address + length - 1) >>> 14);
        assertThat(length).isLessThanOrEqualTo(16_384);
        assertThat(read(dma, address, length)).isEqualTo(DmaFault.NONE);
        assertThat(read(dma, address, length + 1)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
        sum += length;
      }
      assertThat(sum).isEqualTo(total);
      dma.unmapSg(list, n, TO_DEVICE);
    }
    assertThat(ops.statistics().getFirst().pagesUsed()).isZero();
  }

  @Test
  void shouldShowTheDeviceTheBytesInOrder() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(4);
    MemorySegment foreign = Arena.ofAuto().allocate(6000, 4096).fill((byte) 7);
    memory.segment().fill((byte) 5);
    list.add(memory, 4096, 4096).add(DmaMemory.ofForeign(foreign), 0, 5000).add(memory, 9, 9);
    int mapped = dma.mapSg(list, 3, TO_DEVICE);
    MemorySegment seen = Arena.ofAuto().allocate(9105);
    BusAccessor accessor = new BusAccessor(ops.bus(dma.device().parent()));
    long at = 0;
    for (int i = 0; i < mapped; i++) {
      assertThat(accessor.read(dma.dmaAddress(list, i), seen, at, dma.dmaLen(list, i))).isTrue();
      at += dma.dmaLen(list, i);
    }
    assertThat(at).isEqualTo(9105);
    for (int i = 0; i < 9105; i++) {
      int expected = i < 4096 || i >= 9096 ? 5 : 7;
      assertThat(seen.get(ValueLayout.JAVA_BYTE, i)).as("byte %d", i).isEqualTo((byte) expected);
    }
    foreign.fill((byte) 8);
    dma.syncSgForDevice(list, 3, TO_DEVICE);
    assertThat(accessor.read(dma.dmaAddress(list, 0), seen, 0, 9096)).isTrue();
    assertThat(seen.get(ValueLayout.JAVA_BYTE, 5000)).isEqualTo((byte) 8);
    dma.unmapSg(list, 3, TO_DEVICE);
    assertThat(pool.usedBytes()).isEqualTo(1 << 20);
  }

  @Test
  void shouldBringBackWhatTheDeviceWrote() {
    IbDma dma = device(1 << 20, -1);
    MemorySegment foreign = Arena.ofAuto().allocate(8192, 4096);
    ScatterList list = new ScatterList(2);
    list.add(memory, 0, 4096).add(DmaMemory.ofForeign(foreign), 0, 4096);
    assertThat(dma.mapSg(list, 2, FROM_DEVICE)).isEqualTo(1);
    MemorySegment data = Arena.ofAuto().allocate(8192).fill((byte) 9);
    BusAccessor accessor = new BusAccessor(ops.bus(dma.device().parent()));
    assertThat(accessor.write(dma.dmaAddress(list, 0), data, 0, 8192)).isTrue();
    assertThat(foreign.get(ValueLayout.JAVA_BYTE, 0)).isZero();
    dma.syncSgForCpu(list, 2, FROM_DEVICE);
    assertThat(foreign.get(ValueLayout.JAVA_BYTE, 4095)).isEqualTo((byte) 9);
    assertThat(foreign.get(ValueLayout.JAVA_BYTE, 4096)).isZero();
    dma.unmapSg(list, 2, FROM_DEVICE);
  }

  @Test
  void shouldUnwindWhenOneEntryCanNotBeMapped() {
    IbDma dma = device(1 << 20, -1);
    DmaMemory closed = pool.allocate(10);
    ScatterList list = new ScatterList(3);
    list.add(memory, 0, 5000).add(closed, 0, 10).add(memory, 0, 10);
    closed.close();
    assertThat(dma.mapSg(list, 3, TO_DEVICE)).isZero();
    assertThat(list.mappedEntries()).isZero();
    assertThat(memory.pinCount()).isZero();
    assertThat(ops.usage(dma.device())).isEqualTo(DmaUsage.NONE);
    assertThat(ops.statistics().getFirst().pagesUsed()).isZero();
  }

  @Test
  void shouldMapEachEntryForItselfWhenNoRangeHoldsAll() {
    IbDevice root = new IbDevice("ehca0", 1, (1 << 20) - 1, 1 << 20, -1, "driver");
    ops.attach(root);
    IbDevice view = root.forOwner("ulp");
    ops.attach(view);
    IbDma dma = new IbDma(view, ops);
    long[] held = new long[64];
    for (int i = 0; i < 64; i++) {
      held[i] = dma.mapSingle(memory, 0, 1, TO_DEVICE);
    }
    for (int i = 0; i < 64; i += 2) {
      dma.unmapSingle(held[i], 1, TO_DEVICE);
    }
    ScatterList list = new ScatterList(20);
    for (int i = 0; i < 20; i++) {
      list.add(memory, i * 4096L, 4096);
    }
    assertThat(dma.mapSg(list, 20, TO_DEVICE)).isEqualTo(20);
    for (int i = 0; i < 20; i++) {
      assertThat(read(dma, dma.dmaAddress(list, i), 4096)).isEqualTo(DmaFault.NONE);
      assertThat(window.offset()).isEqualTo(i * 4096L);
    }
    dma.unmapSg(list, 20, TO_DEVICE);
    assertThat(ops.statistics().getFirst().pagesUsed()).isEqualTo(32);
    for (int i = 0; i < 40; i++) {
      list.add(memory, 0, 4096);
    }
    assertThat(dma.mapSg(list, 60, TO_DEVICE)).isZero();
    assertThat(ops.statistics().getFirst().pagesUsed()).isEqualTo(32);
  }

  @Test
  void shouldRefuseMisuse() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(3);
    list.add(memory, 0, 4096).add(memory, 4096, 4096);
    assertThatThrownBy(() -> dma.mapSg(list, 0, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> dma.mapSg(list, 3, TO_DEVICE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> dma.unmapSg(list, 2, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing is mapped");
    assertThat(dma.mapSg(list, 2, TO_DEVICE)).isEqualTo(1);
    assertThatThrownBy(() -> dma.mapSg(list, 2, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mapped");
    assertThatThrownBy(() -> dma.unmapSg(list, 1, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mapped with 2");
    assertThatThrownBy(() -> dma.unmapSg(list, 2, FROM_DEVICE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> dma.unmapSingle(dma.dmaAddress(list, 0), 8192, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scatter list");
    assertThatThrownBy(() -> dma.unmapSingle(dma.dmaAddress(list, 0) + 4096, 4096, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scatter list");
    assertThatThrownBy(() -> dma.syncSgForCpu(list, 1, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ops.usage(dma.device()).sgEntries()).isEqualTo(2);
    dma.unmapSg(list, 2, TO_DEVICE);
  }

  @Test
  void shouldForgetAListWhoseOwnerIsDetached() {
    IbDma dma = device(1 << 20, -1);
    ScatterList list = new ScatterList(3);
    list.add(memory, 0, 4096).add(memory, 4096, 4096);
    dma.mapSg(list, 2, TO_DEVICE);
    assertThat(ops.detach(dma.device())).isEqualTo(new DmaUsage(0, 2, 0, 8192));
    assertThat(memory.pinCount()).isZero();
    dma.syncSgForDevice(list, 2, TO_DEVICE);
    dma.unmapSg(list, 2, TO_DEVICE);
    assertThat(list.mappedEntries()).isZero();
    assertThat(dma.mapSg(list, 2, TO_DEVICE)).isZero();
  }
}
