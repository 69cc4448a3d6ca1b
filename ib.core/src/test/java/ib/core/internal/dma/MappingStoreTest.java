// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class MappingStoreTest {
  @Test
  void shouldGiveUpToItsLimitAndTakeBack() {
    MappingStore store = new MappingStore(3);
    Mapping a = store.take();
    assertThat(a).isNotNull();
    assertThat(store.take()).isNotNull();
    assertThat(store.take()).isNotNull();
    assertThat(store.take()).isNull();
    store.give(a);
    assertThat(store.take()).isSameAs(a);
    assertThat(store.take()).isNull();
  }

  @Test
  void shouldLetOnlyOneClaimALiveOnce() {
    Mapping piece = new MappingStore(1).take();
    piece.begin();
    assertThat(Mapping.isLive(piece.stamp())).isFalse();
    piece.publish();
    int stamp = piece.stamp();
    assertThat(Mapping.isLive(stamp)).isTrue();
    assertThat(piece.claim(stamp)).isTrue();
    assertThat(piece.claim(stamp)).isFalse();
    assertThat(piece.isStill(stamp)).isFalse();
    assertThat(Mapping.isBusy(piece.stamp())).isTrue();
    piece.end();
    piece.begin();
    piece.publish();
    assertThat(piece.claim(stamp)).as("a stamp of another life").isFalse();
  }

  @Test
  void shouldShowEveryPieceHoweverManyThereAre() {
    MappingStore store = new MappingStore(5000);
    Set<Mapping> made = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int i = 0; i < 5000; i++) {
      made.add(store.take());
    }
    assertThat(store.isExhausted()).isTrue();
    Set<Mapping> shown = Collections.newSetFromMap(new IdentityHashMap<>());
    store.forEach(shown::add);
    assertThat(shown).hasSize(5000).isEqualTo(made);
  }

  @Test
  void shouldNeverGiveAPieceToTwoThreads() throws Exception {
    MappingStore store = new MappingStore(8);
    AtomicIntegerArray holders = new AtomicIntegerArray(8);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> runs = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        runs.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 100_000; i++) {
                    Mapping piece = store.take();
                    if (piece != null) {
                      assertThat(holders.incrementAndGet(piece.index())).isEqualTo(1);
                      holders.decrementAndGet(piece.index());
                      store.give(piece);
                    }
                  }
                }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
    for (int i = 0; i < 8; i++) {
      assertThat(store.take()).isNotNull();
    }
    assertThat(store.take()).isNull();
  }
}
