// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of one address space: a lock-free stack of free ones, filled as demand grows, up to a
 * limit. Thread-safe.
 */
final class MappingStore {
  private final AtomicReferenceArray<@Nullable Mapping> all;
  private final AtomicIntegerArray below;
  private final AtomicInteger made = new AtomicInteger();

  /** Index + 1 of the top piece, and above it a count that tells two states with the same top. */
  private final AtomicLong top = new AtomicLong();

  MappingStore(int limit) {
    all = new AtomicReferenceArray<>(limit);
    below = new AtomicIntegerArray(limit);
  }

  /** A piece in state busy, or null at the limit. */
  @Nullable Mapping take() {
    while (true) {
      long now = top.get();
      int index = (int) now - 1;
      if (index < 0) {
        return make();
      }
      Mapping mapping = all.get(index);
      if (mapping != null && top.compareAndSet(now, successor(now, below.get(index)))) {
        mapping.begin();
        return mapping;
      }
    }
  }

  private @Nullable Mapping make() {
    int index = made.getAndUpdate(n -> n < all.length() ? n + 1 : n);
    if (index >= all.length()) {
      return null;
    }
    Mapping mapping = new Mapping(index);
    mapping.begin();
    all.set(index, mapping);
    return mapping;
  }

  /** Takes back a piece in state busy. */
  void give(Mapping mapping) {
    mapping.end();
    while (true) {
      long now = top.get();
      below.set(mapping.index(), (int) now);
      if (top.compareAndSet(now, successor(now, mapping.index() + 1))) {
        return;
      }
    }
  }

  private static long successor(long now, int indexPlusOne) {
    return ((now & -(1L << Integer.SIZE)) + (1L << Integer.SIZE)) | indexPlusOne;
  }

  /** Shows every piece ever made; they may change meanwhile. */
  void forEach(Consumer<Mapping> action) {
    int n = made.get();
    for (int i = 0; i < n; i++) {
      Mapping mapping = all.get(i);
      if (mapping != null) {
        action.accept(mapping);
      }
    }
  }

  /** Adds up the live pieces of a book, or with null of all. */
  void count(@Nullable OwnerBook only, UsageCount count) {
    forEach(
        piece -> {
          if ((only == null || piece.book == only) && Mapping.isLive(piece.stamp())) {
            count.add(piece);
          }
        });
  }

  /** Pieces ever published. */
  long lives() {
    long[] lives = new long[1];
    forEach(piece -> lives[0] += piece.lives());
    return lives[0];
  }
}
