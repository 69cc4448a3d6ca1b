// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class IovaAllocatorTest {
  @Test
  void shouldGoThroughTheWholeSpaceBeforeItComesBack() {
    IovaAllocator addresses = new IovaAllocator(128, 100);
    for (int i = 0; i < 3 * 128; i++) {
      int page = addresses.allocate(1, 1);
      assertThat(page).isEqualTo((100 + i) % 128);
      addresses.release(page, 1);
    }
  }

  @Test
  void shouldFillTheSpaceToTheLastPage() {
    IovaAllocator addresses = new IovaAllocator(192, 77);
    for (int i = 0; i < 192; i++) {
      assertThat(addresses.allocate(1, 1)).isNotNegative();
    }
    assertThat(addresses.allocate(1, 1)).isEqualTo(-1);
    addresses.release(50, 1);
    assertThat(addresses.allocate(1, 1)).isEqualTo(50);
    assertThat(addresses.allocate(193, 1)).isEqualTo(-1);
  }

  @Test
  void shouldReachFurtherAsItFills() {
    int first = IovaAllocator.FIRST_REACH;
    IovaAllocator addresses = new IovaAllocator(4 * first, 5);
    for (int i = 0; i < 3 * first; i++) {
      int page = addresses.allocate(1, 1);
      assertThat(page).isBetween(0, Math.max(first, 3 * i));
      if (i < first / 2) {
        addresses.release(page, 1);
      }
    }
    assertThat(addresses.used()).isEqualTo(3 * first - first / 2);
    assertThat(addresses.allocate(2 * first, 1)).isEqualTo(-1);
    IovaAllocator empty = new IovaAllocator(4 * first, 5);
    assertThat(empty.allocate(4 * first, 1)).isZero();
    assertThat(empty.allocate(1, 1)).isEqualTo(-1);
  }

  @Test
  void shouldFindARunAcrossTheStartOfTheSearch() {
    IovaAllocator addresses = new IovaAllocator(128, 64);
    assertThat(addresses.allocate(128, 1)).isZero();
    addresses.release(60, 10);
    assertThat(addresses.allocate(10, 1)).isEqualTo(60);
  }

  @Test
  void shouldAgreeWithAPlainModel() {
    long seed = 20061109;
    Random random = new Random(seed);
    IovaAllocator addresses = new IovaAllocator(1024, 300);
    BitSet model = new BitSet(1024);
    List<int[]> live = new ArrayList<>();
    for (int step = 0; step < 50_000; step++) {
      if (live.isEmpty() || random.nextInt(100) < 55) {
        int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 200 : 8);
        int alignment = 1 << random.nextInt(5);
        int page = addresses.allocate(count, alignment);
        if (page >= 0) {
          assertThat(page % alignment).as("seed %d step %d", seed, step).isZero();
          assertThat(model.get(page, page + count).isEmpty())
              .as("seed %d step %d", seed, step)
              .isTrue();
          model.set(page, page + count);
          live.add(new int[] {page, count});
        } else {
          assertThat(hasRun(model, count, alignment)).as("seed %d step %d", seed, step).isFalse();
        }
      } else {
        int[] run = live.remove(random.nextInt(live.size()));
        addresses.release(run[0], run[1]);
        model.clear(run[0], run[0] + run[1]);
      }
      assertThat(addresses.used()).isEqualTo(model.cardinality());
    }
  }

  private static boolean hasRun(BitSet model, int count, int alignment) {
    for (int page = 0; page + count <= 1024; page += alignment) {
      if (model.get(page, page + count).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  @Test
  void shouldNeverGiveAPageToTwoThreads() throws Exception {
    IovaAllocator addresses = new IovaAllocator(256, 0);
    AtomicIntegerArray holders = new AtomicIntegerArray(256);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Random random = new Random(t);
        runs.add(threads.submit(() -> churn(addresses, holders, random)));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
    assertThat(addresses.used()).isZero();
  }

  private static void churn(IovaAllocator addresses, AtomicIntegerArray holders, Random random) {
    for (int i = 0; i < 50_000; i++) {
      int count = 1 + random.nextInt(70);
      int page = addresses.allocate(count, 1);
      if (page < 0) {
        continue;
      }
      for (int p = page; p < page + count; p++) {
        assertThat(holders.incrementAndGet(p)).isEqualTo(1);
      }
      for (int p = page; p < page + count; p++) {
        holders.decrementAndGet(p);
      }
      addresses.release(page, count);
    }
  }
}
