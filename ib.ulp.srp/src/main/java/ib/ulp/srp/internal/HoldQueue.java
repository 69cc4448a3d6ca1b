// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.Objects;

/**
 * Requests that wait to be sent, oldest first; those of a broken path go back to the front.
 * Bounded; not thread-safe.
 */
final class HoldQueue {
  private final int[] cells;
  private int head;
  private int size;

  HoldQueue(int capacity) {
    cells = new int[capacity];
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void addLast(int index) {
    checkRoom();
    cells[(head + size) % cells.length] = index;
    size++;
  }

  void addFirst(int index) {
    checkRoom();
    head = (head + cells.length - 1) % cells.length;
    cells[head] = index;
    size++;
  }

  int first() {
    if (size == 0) {
      throw new IllegalStateException("the hold queue is empty");
    }
    return cells[head];
  }

  /** The one at a place, 0 for the first. */
  int get(int place) {
    return cells[(head + Objects.checkIndex(place, size)) % cells.length];
  }

  int removeFirst() {
    int index = first();
    head = (head + 1) % cells.length;
    size--;
    return index;
  }

  private void checkRoom() {
    if (size == cells.length) {
      throw new IllegalStateException("more requests waiting than there are: " + size);
    }
  }
}
