// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/** Hands out ranges of a host's memory, each once. */
final class SimPlaces {
  private final int size;
  private int next;

  SimPlaces(int size) {
    this(0, size);
  }

  /** Of the range from {@code start} up to {@code end}. */
  SimPlaces(int start, int end) {
    this.size = end;
    this.next = (start + 7) & -8;
  }

  /** How much is left. */
  int left() {
    return size - next;
  }

  /** Where what was handed out ends. */
  int used() {
    return next;
  }

  /** Places begin at multiples of 8, as atomics need it. */
  int take(int length) {
    int place = next;
    next += (length + 7) & -8;
    if (next > size) {
      throw new IllegalStateException("the simulated memory is too small");
    }
    return place;
  }
}
