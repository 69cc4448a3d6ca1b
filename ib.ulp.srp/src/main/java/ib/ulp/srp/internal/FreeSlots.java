// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which slots are free: a bit for each. Neither blocks nor allocates; a thread that stops in the
 * middle of a call keeps nobody from taking or giving, so that none is ever lost. Thread-safe.
 */
final class FreeSlots {
  /** What {@link #take} returns when there is none. */
  static final int NONE = -1;

  private final AtomicLongArray words;

  /** Where the next search begins: a slot is used again late, so that a late answer is noticed. */
  private volatile int next;

  /** All of {@code count} slots are free. */
  FreeSlots(int count) {
    words = new AtomicLongArray((count + Long.SIZE - 1) / Long.SIZE);
    for (int i = 0; i < count; i++) {
      give(i);
    }
  }

  /** Takes a free slot, or {@link #NONE}. */
  int take() {
    int from = next;
    int slot = takeOf(from / Long.SIZE, -1L << from);
    for (int i = 1; slot == NONE && i <= words.length(); i++) {
      slot = takeOf((from / Long.SIZE + i) % words.length(), -1L);
    }
    if (slot != NONE) {
      next = (slot + 1) % (words.length() * Long.SIZE);
    }
    return slot;
  }

  /** Takes the lowest free slot of a word among some, or none. */
  private int takeOf(int word, long among) {
    while (true) {
      long free = words.get(word);
      long candidates = free & among;
      if (candidates == 0) {
        return NONE;
      }
      long lowest = Long.lowestOneBit(candidates);
      if (words.compareAndSet(word, free, free & ~lowest)) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(lowest);
      }
    }
  }

  /** Gives back a slot that was taken. */
  void give(int slot) {
    words.accumulateAndGet(slot / Long.SIZE, 1L << slot, (free, bit) -> free | bit);
  }
}
