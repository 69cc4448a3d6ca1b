// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.core.internal.dma.HostMemoryPool;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IpathDmaOpsTest {
  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final IpathDmaOps ops = new IpathDmaOps(pool);
  private final IbDevice root = new IbDevice("ipath0", 1, -1L, 1 << 30, -1L, "driver");
  private final IbDevice user = root.forOwner("ulp");
  private final DmaBus bus;
  private final IbDma dma;
  private final BusWindow window = new BusWindow();

  IpathDmaOpsTest() {
    ops.attach(root);
    ops.attach(user);
    bus = ops.bus(root);
    dma = new IbDma(user, ops);
  }

  @AfterEach
  void nothingIsLeft() {
    ops.detach(user);
    ops.detach(root);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldGiveTheVirtualAddress() {
    try (DmaMemory memory = pool.allocate(8192)) {
      long address = dma.mapSingle(memory, 100, 5000, DmaDirection.TO_DEVICE);
      assertThat(address).isEqualTo(memory.segment().address() + 100);
      assertThat(dma.mappingError(address)).isFalse();
      assertThat(memory.pinCount()).isEqualTo(1);
      assertThat(ops.usage(user)).isEqualTo(new DmaUsage(1, 0, 0, 5000));
      assertThat(bus.resolve(address, 5000, DmaAccess.READ, window)).isEqualTo(DmaFault.NONE);
      assertThat(window.segment().address() + window.offset()).isEqualTo(address);
      dma.unmapSingle(address, 5000, DmaDirection.TO_DEVICE);
      assertThat(memory.pinCount()).isZero();
      assertThat(ops.usage(user)).isEqualTo(DmaUsage.NONE);
    }
  }

  @Test
  void shouldFaultAtWrongAddressesAndNeverTouchThem() {
    DmaMemory memory = pool.allocate(4096);
    long address = memory.segment().address();
    assertThat(bus.resolve(0, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(bus.resolve(-1, 100, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(bus.resolve(address + 1, 4096, DmaAccess.READ, window))
        .isEqualTo(DmaFault.OUT_OF_BOUNDS);
    assertThat(bus.resolve(address, Long.MAX_VALUE, DmaAccess.READ, window))
        .isEqualTo(DmaFault.OUT_OF_BOUNDS);
    memory.close();
    assertThat(bus.resolve(address, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);
    ops.detach(user);
    ops.detach(root);
    assertThat(bus.resolve(address, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.DETACHED);
  }

  @Test
  void shouldKeepClosedMemoryWhileItIsMapped() {
    DmaMemory memory = pool.allocate(4096);
    long address = dma.mapSingle(memory, 0, 4096, DmaDirection.BIDIRECTIONAL);
    memory.close();
    assertThat(bus.resolve(address, 4096, DmaAccess.WRITE, window)).isEqualTo(DmaFault.NONE);
    assertThat(dma.mappingError(dma.mapSingle(memory, 0, 1, DmaDirection.TO_DEVICE))).isTrue();
    assertThat(pool.usedBytes()).isEqualTo(4096);
    dma.unmapSingle(address, 4096, DmaDirection.BIDIRECTIONAL);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldCountWhatItDoesAndTellWhichMapsFailButNotTooOften() {
    List<String> log = new ArrayList<>();
    long[] nowNs = {5};
    IpathDmaOps telling = new IpathDmaOps(pool, log::add, () -> nowNs[0]);
    IbDevice device = new IbDevice("ipath1", 1, -1L, 1 << 30, -1L, "driver");
    telling.attach(device);
    IbDevice view = device.forOwner("ulp");
    telling.attach(view);
    IbDma of = new IbDma(view, telling);
    DmaMemory memory = pool.allocate(4096);
    long[] addresses = new long[3];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = of.mapSingle(memory, 0, 64, DmaDirection.BIDIRECTIONAL);
    }
    of.syncSingleForCpu(addresses[0], 64, DmaDirection.BIDIRECTIONAL);
    of.syncSingleForDevice(addresses[0], 64, DmaDirection.BIDIRECTIONAL);
    for (long address : addresses) {
      of.unmapSingle(address, 64, DmaDirection.BIDIRECTIONAL);
    }
    memory.close();
    for (int i = 0; i < 3; i++) {
      assertThat(of.mappingError(of.mapSingle(memory, 0, 64, DmaDirection.TO_DEVICE))).isTrue();
    }
    DmaMemory heap = DmaMemory.ofForeign(MemorySegment.ofArray(new byte[100]));
    assertThat(of.mappingError(of.mapSingle(heap, 0, 100, DmaDirection.TO_DEVICE))).isTrue();
    assertThat(log)
        .containsExactly(
            "mapping 64 bytes on ipath1 for ulp failed: the memory is closed",
            "mapping 100 bytes on ipath1 for ulp failed: the memory can not be mapped");
    nowNs[0] += FailedMaps.QUIET_NS;
    of.mapSingle(memory, 0, 64, DmaDirection.TO_DEVICE);
    assertThat(log.getLast()).endsWith("the memory is closed, 3 times since the last line");
    DmaStatistics figures = telling.statistics(device);
    assertThat(figures.peak()).isEqualTo(3);
    assertThat(figures.maps()).isEqualTo(3);
    assertThat(figures.syncs()).isEqualTo(2);
    assertThat(figures.failedMaps())
        .containsExactlyInAnyOrderEntriesOf(Map.of("closed", 4L, "unmappable", 1L));
    telling.detach(view);
    assertThat(telling.statistics(device).peak()).isEqualTo(3);
    telling.detach(device);
  }

  @Test
  void shouldNeverMerge() {
    try (DmaMemory memory = pool.allocate(4 * 4096)) {
      ScatterList list = new ScatterList(4);
      for (int i = 0; i < 4; i++) {
        list.add(memory, i * 4096L, 4096);
      }
      assertThat(dma.mapSg(list, 4, DmaDirection.TO_DEVICE)).isEqualTo(4);
      assertThat(dma.mergeBoundary()).isZero();
      for (int i = 0; i < 4; i++) {
        assertThat(dma.dmaAddress(list, i)).isEqualTo(memory.segment().address() + i * 4096L);
        assertThat(dma.dmaLen(list, i)).isEqualTo(4096);
      }
      assertThat(ops.usage(user)).isEqualTo(new DmaUsage(0, 4, 0, 4 * 4096));
      assertThatThrownBy(() -> dma.mapSg(list, 4, DmaDirection.TO_DEVICE))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> dma.unmapSg(list, 3, DmaDirection.TO_DEVICE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("mapped with 4");
      dma.unmapSg(list, 4, DmaDirection.TO_DEVICE);
      assertThat(list.mappedEntries()).isZero();
      assertThat(ops.usage(user)).isEqualTo(DmaUsage.NONE);
    }
  }

  @Test
  void shouldUnwindAListOfWhichAnEntryFails() {
    DmaMemory closed = pool.allocate(4096);
    try (DmaMemory memory = pool.allocate(4096)) {
      ScatterList list = new ScatterList(2).add(memory, 0, 4096).add(closed, 0, 4096);
      closed.close();
      assertThat(dma.mapSg(list, 2, DmaDirection.TO_DEVICE)).isZero();
      assertThat(list.mappedEntries()).isZero();
      assertThat(ops.usage(user)).isEqualTo(DmaUsage.NONE);
      assertThat(memory.pinCount()).isZero();
    }
  }

  @Test
  void shouldRefuseAPageMapThatLeavesThePage() {
    try (DmaMemory memory = pool.allocate(8192)) {
      assertThatThrownBy(() -> dma.mapPage(memory, 0, 4000, 97, DmaDirection.TO_DEVICE))
          .isInstanceOf(IndexOutOfBoundsException.class);
      long address = dma.mapPage(memory, 1, 4000, 96, DmaDirection.TO_DEVICE);
      assertThat(address).isEqualTo(memory.segment().address() + 4096 + 4000);
      dma.unmapPage(address, 96, DmaDirection.TO_DEVICE);
    }
  }

  @Test
  void shouldRefuseMisuse() {
    try (DmaMemory memory = pool.allocate(4096)) {
      assertThatThrownBy(() -> dma.mapSingle(memory, 0, 1, DmaDirection.NONE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ipath0");
      assertThatThrownBy(() -> dma.mapSingle(memory, 0, 0, DmaDirection.TO_DEVICE))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> dma.mapSingle(memory, 1, 4096, DmaDirection.TO_DEVICE))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> dma.mapSingle(memory, 0, 1, DmaDirection.TO_DEVICE, 1 << 30))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> dma.unmapSingle(memory.segment().address(), 1, DmaDirection.TO_DEVICE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("0x");
      assertThatThrownBy(() -> ops.attach(user)).isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4096, 4097, 10_000, 65_536, 100_001})
  void shouldAlignCoherentMemory(long bytes) {
    DmaCoherent coherent = dma.allocCoherent(bytes);
    assertThat(coherent).isNotNull();
    long alignment = Math.max(4096, Long.highestOneBit(2 * bytes - 1));
    assertThat(coherent.dmaAddress() & (alignment - 1)).isZero();
    assertThat(coherent.memory().segment().address()).isEqualTo(coherent.dmaAddress());
    assertThat(bus.resolve(coherent.dmaAddress(), bytes, DmaAccess.WRITE, window))
        .isEqualTo(DmaFault.NONE);
    assertThat(ops.usage(user)).isEqualTo(new DmaUsage(0, 0, 1, bytes));
    dma.freeCoherent(coherent);
    assertThatThrownBy(() -> dma.freeCoherent(coherent))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldReportFullPoolsAsFailuresNotExceptions() {
    assertThat(dma.allocCoherent(65L << 20)).isNull();
    MemorySegment foreign = Arena.ofAuto().allocate(65L << 20);
    long address =
        dma.mapSingle(DmaMemory.ofForeign(foreign), 0, 65L << 20, DmaDirection.TO_DEVICE);
    assertThat(dma.mappingError(address)).isTrue();
  }

  @Test
  void shouldBounceForeignNativeMemory() {
    MemorySegment segment = Arena.ofAuto().allocate(10_000, 8);
    segment.fill((byte) 1);
    DmaMemory foreign = DmaMemory.ofForeign(segment);
    long address = dma.mapSingle(foreign, 10, 5000, DmaDirection.BIDIRECTIONAL);
    assertThat(address).isNotEqualTo(segment.address() + 10);
    assertThat(address & 4095).isEqualTo((segment.address() + 10) & 4095);
    assertThat(bus.resolve(address, 5000, DmaAccess.READ, window)).isEqualTo(DmaFault.NONE);
    assertThat(window.segment().get(ValueLayout.JAVA_BYTE, window.offset())).isEqualTo((byte) 1);
    assertThat(bus.resolve(segment.address(), 1, DmaAccess.READ, window))
        .isEqualTo(DmaFault.NOT_MAPPED);

    window.segment().set(ValueLayout.JAVA_BYTE, window.offset() + 7, (byte) 9);
    assertThat(segment.get(ValueLayout.JAVA_BYTE, 17)).isEqualTo((byte) 1);
    dma.syncSingleForCpu(address, 5000, DmaDirection.BIDIRECTIONAL);
    assertThat(segment.get(ValueLayout.JAVA_BYTE, 17)).isEqualTo((byte) 9);
    segment.set(ValueLayout.JAVA_BYTE, 18, (byte) 5);
    dma.syncSingleRangeForDevice(address, 8, 1, DmaDirection.BIDIRECTIONAL);
    assertThat(window.segment().get(ValueLayout.JAVA_BYTE, window.offset() + 8))
        .isEqualTo((byte) 5);
    window.segment().set(ValueLayout.JAVA_BYTE, window.offset() + 9, (byte) 6);
    dma.unmapSingle(address, 5000, DmaDirection.BIDIRECTIONAL);
    assertThat(segment.get(ValueLayout.JAVA_BYTE, 19)).isEqualTo((byte) 6);
    assertThat(segment.get(ValueLayout.JAVA_BYTE, 9)).isEqualTo((byte) 1);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldSkipTheCopiesWhenAsked() {
    MemorySegment segment = Arena.ofAuto().allocate(64, 8);
    segment.fill((byte) 3);
    int skip = DmaAttributes.SKIP_CPU_SYNC;
    DmaMemory foreign = DmaMemory.ofForeign(segment);
    long address = dma.mapSingle(foreign, 0, 64, DmaDirection.BIDIRECTIONAL, skip);
    bus.resolve(address, 64, DmaAccess.WRITE, window);
    assertThat(window.segment().get(ValueLayout.JAVA_BYTE, window.offset())).isZero();
    dma.unmapSingle(address, 64, DmaDirection.BIDIRECTIONAL, skip);
    assertThat(segment.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 3);
  }

  @Test
  void shouldRefuseHeapConfinedAndReadOnlyMemory() {
    DmaMemory heap = DmaMemory.ofForeign(MemorySegment.ofArray(new byte[64]));
    assertThat(dma.mappingError(dma.mapSingle(heap, 0, 64, DmaDirection.TO_DEVICE))).isTrue();
    try (Arena confined = Arena.ofConfined()) {
      DmaMemory memory = DmaMemory.ofForeign(confined.allocate(64));
      assertThat(dma.mappingError(dma.mapSingle(memory, 0, 64, DmaDirection.TO_DEVICE))).isTrue();
    }
    DmaMemory readOnly = DmaMemory.ofForeign(Arena.ofAuto().allocate(64).asReadOnly());
    assertThat(dma.mappingError(dma.mapSingle(readOnly, 0, 64, DmaDirection.FROM_DEVICE))).isTrue();
    long address = dma.mapSingle(readOnly, 0, 64, DmaDirection.TO_DEVICE);
    assertThat(dma.mappingError(address)).isFalse();
    dma.unmapSingle(address, 64, DmaDirection.TO_DEVICE);
  }

  @Test
  void shouldSurviveForeignMemoryClosedWhileMapped() {
    Arena arena = Arena.ofShared();
    DmaMemory foreign = DmaMemory.ofForeign(arena.allocate(64));
    long address = dma.mapSingle(foreign, 0, 64, DmaDirection.FROM_DEVICE);
    arena.close();
    dma.syncSingleForCpu(address, 64, DmaDirection.FROM_DEVICE);
    dma.unmapSingle(address, 64, DmaDirection.FROM_DEVICE);
    assertThat(((IpathSpace) bus).bounces().lostCopies()).isEqualTo(2);
    assertThat(dma.mappingError(dma.mapSingle(foreign, 0, 64, DmaDirection.TO_DEVICE))).isTrue();
  }

  @Test
  void shouldCountWhatIsLeftThenReclaimIt() {
    DmaMemory memory = pool.allocate(8192);
    long address = dma.mapSingle(memory, 0, 100, DmaDirection.TO_DEVICE);
    ScatterList list = new ScatterList(1).add(memory, 4096, 200);
    dma.mapSg(list, 1, DmaDirection.FROM_DEVICE);
    dma.allocCoherent(300);
    dma.mapSingle(DmaMemory.ofForeign(Arena.ofAuto().allocate(64)), 0, 64, DmaDirection.TO_DEVICE);
    memory.close();
    assertThat(ops.usage(root)).isEqualTo(DmaUsage.NONE);
    assertThat(ops.detach(user)).isEqualTo(new DmaUsage(2, 1, 1, 664));
    assertThat(pool.usedBytes()).isZero();
    assertThat(ops.detach(user)).isEqualTo(DmaUsage.NONE);
    // A late unmap of a detached view is nobody's any more.
    dma.unmapSingle(address, 100, DmaDirection.TO_DEVICE);
    assertThat(dma.mappingError(dma.mapSingle(memory, 0, 1, DmaDirection.TO_DEVICE))).isTrue();
  }

  /**
   * Against a plain count: random maps and unmaps of many memories, in stripes that grow and
   * shrink.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void shouldKeepItsBooksLikeAPlainModel(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    DmaMemory[] memories = new DmaMemory[200];
    for (int i = 0; i < memories.length; i++) {
      memories[i] = pool.allocate(4096L * (1 + random.nextInt(8)));
    }
    record Live(int memory, long address, long length) {}
    ArrayDeque<Live> live = new ArrayDeque<>();
    int[] pins = new int[memories.length];
    long bytes = 0;
    for (int step = 0; step < 20_000; step++) {
      if (live.size() < 500 && random.nextInt(2) == 0) {
        int i = random.nextInt(memories.length);
        long offset = random.nextLong(memories[i].size() - 1);
        long length = 1 + random.nextLong(memories[i].size() - offset);
        long address = dma.mapSingle(memories[i], offset, length, DmaDirection.BIDIRECTIONAL);
        live.add(new Live(i, address, length));
        pins[i]++;
        bytes += length;
      } else if (!live.isEmpty()) {
        Live gone = random.nextBoolean() ? live.removeFirst() : live.removeLast();
        dma.unmapSingle(gone.address, gone.length, DmaDirection.BIDIRECTIONAL);
        pins[gone.memory]--;
        bytes -= gone.length;
      }
      assertThat(ops.usage(user))
          .as("seed %d step %d", seed, step)
          .isEqualTo(new DmaUsage(live.size(), 0, 0, bytes));
    }
    for (int i = 0; i < memories.length; i++) {
      assertThat(memories[i].pinCount()).as("seed %d memory %d", seed, i).isEqualTo(pins[i]);
      memories[i].close();
    }
    assertThat(ops.detach(user).mappings()).isEqualTo(live.size());
  }

  @Test
  void shouldBeUsableByManyThreadsAtOnce() throws InterruptedException {
    ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
    Thread[] threads = new Thread[4];
    try (DmaMemory shared = pool.allocate(64 * 4096)) {
      for (int t = 0; t < threads.length; t++) {
        int seed = t;
        threads[t] =
            Thread.ofPlatform()
                .uncaughtExceptionHandler((thread, error) -> errors.add(error))
                .start(
                    () -> {
                      SplittableRandom random = new SplittableRandom(seed);
                      for (int i = 0; i < 20_000; i++) {
                        long offset = random.nextInt(63 * 4096);
                        long address = dma.mapSingle(shared, offset, 4096, DmaDirection.TO_DEVICE);
                        dma.unmapSingle(address, 4096, DmaDirection.TO_DEVICE);
                      }
                    });
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(errors).isEmpty();
      assertThat(ops.usage(user)).isEqualTo(DmaUsage.NONE);
      assertThat(shared.pinCount()).isZero();
    }
  }
}
