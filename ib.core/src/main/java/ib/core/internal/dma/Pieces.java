// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of one address space: those at rest, in each thread's lane and behind them in the
 * store, and those in use. Counts what is mapped. Thread-safe.
 */
final class Pieces {
  /** A piece, and its place in the store and in a table. */
  private static final int PIECE_BYTES = 128;

  private final MappingStore store;
  private final Lanes lanes = new Lanes();

  /**
   * Creates an empty set.
   *
   * @param most pieces; fewer if they would take more than a quarter of the heap
   */
  Pieces(int most) {
    store =
        new MappingStore((int) Math.min(most, Runtime.getRuntime().maxMemory() / 4 / PIECE_BYTES));
  }

  Lanes lanes() {
    return lanes;
  }

  MappingStore store() {
    return store;
  }

  /** A busy piece without addresses, counted as mapped; null at the limit. */
  @Nullable Mapping take() {
    Lane lane = lanes.enter();
    Mapping piece = lane.pop();
    if (piece != null) {
      lanes.mapped(lane);
    }
    lane.exit();
    if (piece == null) {
      piece = store.take();
      if (piece == null) {
        return null;
      }
      countMap();
    }
    piece.begin();
    return piece;
  }

  /** True if no piece is left to be made or taken. */
  boolean isExhausted() {
    return store.isExhausted();
  }

  void countMap() {
    Lane lane = lanes.enter();
    lanes.mapped(lane);
    lane.exit();
  }

  /**
   * Takes a busy piece back.
   *
   * @param mapped false if the map came to nothing
   */
  void give(Mapping piece, boolean mapped) {
    piece.end();
    Lane lane = lanes.enter();
    count(lane, mapped);
    boolean kept = lane.push(piece);
    lane.exit();
    if (!kept) {
      store.give(piece);
    }
  }

  static void count(Lane lane, boolean mapped) {
    if (mapped) {
      lane.unmapped();
    } else {
      lane.unmade();
    }
  }

  void countSync(long bouncedBytes) {
    Lane lane = lanes.enter();
    lane.synced();
    lane.bounced(bouncedBytes);
    lane.exit();
  }

  void countBounced(long bytes) {
    Lane lane = lanes.enter();
    lane.bounced(bytes);
    lane.exit();
  }

  // ---- books

  /** Shows every piece ever made; they may change meanwhile. */
  void forEach(Consumer<Mapping> action) {
    store.forEach(action);
  }

  /** Adds up the live pieces of a book, or with null of all. */
  void count(@Nullable OwnerBook only, UsageCount count) {
    store.forEach(
        piece -> {
          if ((only == null || piece.book == only) && Mapping.isLive(piece.stamp())) {
            count.add(piece);
          }
        });
  }
}
