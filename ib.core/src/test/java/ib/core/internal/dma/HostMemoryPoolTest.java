// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.BusWindow;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostMemoryPoolTest {
  private static final long MIB = 1L << 20;

  private final HostMemoryPool pool = new HostMemoryPool(128 * MIB);

  @Test
  void shouldGiveZeroedMemoryOfTheSizeAskedForEvenWhenUsedBefore() {
    for (int round = 0; round < 20_000; round++) {
      try (DmaMemory memory = pool.allocate(5000)) {
        assertThat(memory.size()).isEqualTo(5000);
        assertThat(memory.isPooled()).isTrue();
        assertThat(memory.segment().get(ValueLayout.JAVA_LONG, 0)).isZero();
        assertThat(memory.segment().get(ValueLayout.JAVA_LONG, 4992)).isZero();
        memory.segment().fill((byte) 0x5A);
      }
    }
    assertThat(pool.usedBytes()).isZero();
    assertThat(pool.reservedBytes()).isEqualTo(HostMemoryPool.CHUNK_BYTES);
  }

  @Test
  void shouldAlignToTheSmallestPowerOfTwoThatHoldsTheSize() {
    for (long size : new long[] {1, 4096, 4097, 10_000, 65_536, 100_000, MIB, 3 * MIB}) {
      DmaMemory memory = pool.allocate(size);
      long power = Math.max(4096, Long.highestOneBit(2 * size - 1));
      assertThat(memory.segment().address() % power).as("size %d", size).isZero();
    }
  }

  @Test
  void shouldRefuseWhatIsNotPositiveOrAboveTheLimitAndNameTheRemedy() {
    assertThatThrownBy(() -> pool.allocate(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 bytes");
    assertThatThrownBy(() -> pool.allocate(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> pool.allocate(129 * MIB))
        .isInstanceOf(DmaMemoryExhaustedException.class)
        .hasMessageContaining("memory.limit.mib");
    assertThatThrownBy(() -> pool.allocate(Long.MAX_VALUE))
        .isInstanceOf(DmaMemoryExhaustedException.class);
    assertThatThrownBy(() -> new HostMemoryPool(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldRefuseAtTheLimitAndGiveAgainWhatCameBack() {
    List<DmaMemory> all = new ArrayList<>();
    for (int i = 0; i < 128; i++) {
      all.add(pool.allocate(MIB));
    }
    assertThatThrownBy(() -> pool.allocate(1)).isInstanceOf(DmaMemoryExhaustedException.class);
    all.remove(70).close();
    assertThat(pool.allocate(MIB).size()).isEqualTo(MIB);
    assertThat(pool.usedBytes()).isEqualTo(128 * MIB);
  }

  @Test
  void shouldMakeRoomForLargeAllocationsAndDropItWithThem() {
    DmaMemory large = pool.allocate(40 * MIB);
    assertThat(pool.reservedBytes()).isEqualTo(40 * MIB);
    DmaMemory small = pool.allocate(1);
    large.close();
    assertThat(pool.reservedBytes()).isEqualTo(HostMemoryPool.CHUNK_BYTES);
    assertThat(pool.find(small.segment().address())).isSameAs(small);
    assertThat(pool.find(large.segment().address())).isNull();
  }

  @Test
  void shouldKeepClosedMemoryUntilTheLastPinGoes() {
    DmaMemory memory = pool.allocate(100);
    assertThat(memory.tryPin()).isTrue();
    memory.close();
    assertThat(pool.usedBytes()).isEqualTo(4096);
    assertThat(pool.find(memory.segment().address())).isSameAs(memory);
    assertThat(memory.tryPin()).isFalse();
    memory.unpin();
    assertThat(pool.usedBytes()).isZero();
    assertThat(pool.find(memory.segment().address())).isNull();
  }

  @Test
  void shouldResolveOnlyWhatOneLiveAllocationHolds() {
    DmaMemory memory = pool.allocate(5000);
    long address = memory.segment().address();
    BusWindow window = new BusWindow();
    assertThat(pool.resolve(address + 10, 4990, window)).isTrue();
    assertThat(window.segment()).isEqualTo(memory.segment());
    assertThat(window.offset()).isEqualTo(10);
    assertThat(window.length()).isEqualTo(4990);
    assertThat(pool.resolve(address + 10, 4991, window)).isFalse();
    assertThat(pool.resolve(address + 5000, 1, window)).isFalse();
    assertThat(pool.resolve(address - 1, 1, window)).isFalse();
    assertThat(pool.resolve(address, 0, window)).isFalse();
    assertThat(pool.resolve(address, Long.MAX_VALUE, window)).isFalse();
    assertThat(pool.resolve(-1, 1, window)).isFalse();
    assertThat(pool.resolve(0, 1, window)).isFalse();
    memory.close();
    assertThat(pool.resolve(address, 1, window)).isFalse();
  }

  @Test
  void shouldNeverGiveTheSameBytesTwice() {
    long seed = 4711;
    Random random = new Random(seed);
    List<DmaMemory> live = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      if (live.isEmpty() || (random.nextBoolean() && live.size() < 200)) {
        DmaMemory memory = pool.allocate(1 + random.nextInt(200_000));
        memory.segment().fill((byte) System.identityHashCode(memory));
        live.add(memory);
      } else {
        DmaMemory memory = live.remove(random.nextInt(live.size()));
        byte mark = (byte) System.identityHashCode(memory);
        assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 0))
            .as("seed %d step %d", seed, step)
            .isEqualTo(mark);
        assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, memory.size() - 1))
            .as("seed %d step %d", seed, step)
            .isEqualTo(mark);
        memory.close();
      }
    }
    live.forEach(DmaMemory::close);
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldServeManyThreads() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Random random = new Random(t);
        byte mark = (byte) (t + 1);
        runs.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 5_000; i++) {
                    try (DmaMemory memory = pool.allocate(1 + random.nextInt(20_000))) {
                      memory.segment().fill(mark);
                      long last = memory.size() - 1;
                      assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, last)).isEqualTo(mark);
                    }
                  }
                }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
    assertThat(pool.usedBytes()).isZero();
  }

  @Test
  void shouldReadItsLimit() {
    assertThat(HostMemoryPool.limitBytes(Map.of())).isEqualTo(1024 * MIB);
    assertThat(HostMemoryPool.limitBytes(Map.of("memory.limit.mib", "7"))).isEqualTo(7 * MIB);
  }

  @ParameterizedTest
  @CsvSource({
    "memory.limit.mib, 0, give 1 to 1048576",
    "memory.limit.mib, much, give 1 to 1048576",
    "memory.limit, 7, 'use one of dma.mode, memory.limit.mib'",
  })
  void shouldNameFileKeyAndRemedyOfAWrongLimit(String key, String value, String remedy) {
    Map<String, String> properties =
        Map.of("felix.fileinstall.filename", "file:/etc/ib.core.config", key, value);
    assertThatThrownBy(() -> HostMemoryPool.limitBytes(properties))
        .hasMessageStartingWith("/etc/ib.core.config: key '" + key + "'")
        .hasMessageContaining(remedy);
  }

  @Test
  void shouldKeepItsLimitWhenTheConfigurationIsWrong() {
    pool.modified(Map.of("memory.limit.mib", "7"));
    assertThat(pool.limitBytes()).isEqualTo(7 * MIB);
    pool.modified(Map.of("memory.limit.mib", "none"));
    assertThat(pool.limitBytes()).isEqualTo(7 * MIB);
  }
}
