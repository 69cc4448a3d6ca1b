// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All pieces of one address space, made as demand grows, up to a limit, and a lock-free stack of
 * free ones. Thread-safe.
 */
final class MappingStore {
  private static final int CHUNK_BITS = 10;
  private static final int CHUNK = 1 << CHUNK_BITS;

  private final int limit;
  private final AtomicReferenceArray<AtomicReferenceArray<Mapping>> chunks;
  private final AtomicInteger made = new AtomicInteger();

  /** Index + 1 of the top piece, and above it a count that tells two states with the same top. */
  private final AtomicLong top = new AtomicLong();

  MappingStore(int limit) {
    this.limit = limit;
    this.chunks = new AtomicReferenceArray<>((limit + CHUNK - 1) >>> CHUNK_BITS);
  }

  /** A free piece, or null at the limit. */
  @Nullable Mapping take() {
    while (true) {
      long now = top.get();
      int index = (int) now - 1;
      if (index < 0) {
        return make();
      }
      Mapping mapping = get(index);
      if (mapping != null && top.compareAndSet(now, successor(now, mapping.below))) {
        return mapping;
      }
    }
  }

  private @Nullable Mapping get(int index) {
    AtomicReferenceArray<Mapping> chunk = chunks.get(index >>> CHUNK_BITS);
    return chunk == null ? null : chunk.get(index & (CHUNK - 1));
  }

  private @Nullable Mapping make() {
    int index = made.getAndUpdate(n -> n < limit ? n + 1 : n);
    if (index >= limit) {
      return null;
    }
    int at = index >>> CHUNK_BITS;
    if (chunks.get(at) == null) {
      chunks.compareAndSet(at, null, new AtomicReferenceArray<>(CHUNK));
    }
    Mapping mapping = new Mapping(index);
    chunks.get(at).set(index & (CHUNK - 1), mapping);
    return mapping;
  }

  /** Takes back a free piece. */
  void give(Mapping mapping) {
    while (true) {
      long now = top.get();
      mapping.below = (int) now;
      if (top.compareAndSet(now, successor(now, mapping.index() + 1))) {
        return;
      }
    }
  }

  /** True if all are made and none is free here. */
  boolean isExhausted() {
    return made.get() >= limit && (int) top.get() == 0;
  }

  private static long successor(long now, int indexPlusOne) {
    return ((now & -(1L << Integer.SIZE)) + (1L << Integer.SIZE)) | indexPlusOne;
  }

  /** Shows every piece ever made; they may change meanwhile. */
  void forEach(Consumer<Mapping> action) {
    int n = made.get();
    for (int i = 0; i < n; i++) {
      Mapping mapping = get(i);
      if (mapping != null) {
        action.accept(mapping);
      }
    }
  }
}
