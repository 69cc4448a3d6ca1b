// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import org.jspecify.annotations.Nullable;

/**
 * Free pieces of one size, each with its addresses, oldest first: an address rests while those
 * before it are used. Belongs to one {@link Lane}.
 */
final class PieceRing {
  private final @Nullable Mapping[] slots;
  private int head;
  private int size;

  /**
   * Creates an empty ring.
   *
   * @param capacity a power of two
   */
  PieceRing(int capacity) {
    slots = new @Nullable Mapping[capacity];
  }

  boolean isFull() {
    return size == slots.length;
  }

  /** Puts a piece at the end; only if not full. */
  void add(Mapping piece) {
    slots[(head + size) & (slots.length - 1)] = piece;
    size++;
  }

  /** Takes the piece that rested longest; null if there is none. */
  @Nullable Mapping poll() {
    Mapping oldest = slots[head];
    if (oldest != null) {
      slots[head] = null;
      head = (head + 1) & (slots.length - 1);
      size--;
    }
    return oldest;
  }
}
