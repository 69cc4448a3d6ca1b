// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A bounded queue of non-negative numbers for any number of producers and consumers; neither blocks
 * nor allocates. Each cell has a sequence that says whose turn it is (the bounded queue of D.
 * Vyukov).
 */
final class IntRing {
  /** What {@link #poll} returns when there is nothing. */
  static final int EMPTY = -1;

  private final int mask;
  private final AtomicIntegerArray values;
  private final AtomicLongArray turns;
  private final AtomicLong head = new AtomicLong();
  private final AtomicLong tail = new AtomicLong();

  IntRing(int capacity) {
    int size = Integer.highestOneBit(Math.max(2, capacity * 2 - 1));
    mask = size - 1;
    values = new AtomicIntegerArray(size);
    turns = new AtomicLongArray(size);
    for (int i = 0; i < size; i++) {
      turns.set(i, i);
    }
  }

  /** Appends a number; false if the queue is full. */
  boolean offer(int value) {
    while (true) {
      long at = tail.get();
      int cell = (int) at & mask;
      long ahead = turns.get(cell) - at;
      if (ahead < 0) {
        return false;
      }
      if (ahead == 0 && tail.compareAndSet(at, at + 1)) {
        values.set(cell, value);
        turns.set(cell, at + 1);
        return true;
      }
    }
  }

  /** Takes the oldest number, or {@link #EMPTY}. */
  int poll() {
    while (true) {
      long at = head.get();
      int cell = (int) at & mask;
      long ahead = turns.get(cell) - (at + 1);
      if (ahead < 0) {
        return EMPTY;
      }
      if (ahead == 0 && head.compareAndSet(at, at + 1)) {
        int value = values.get(cell);
        turns.set(cell, at + mask + 1);
        return value;
      }
    }
  }
}
