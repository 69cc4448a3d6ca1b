// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/** Hands out ranges of a host's memory, each once. */
final class SimPlaces {
  private final int size;
  private int next;

  SimPlaces(int size) {
    this.size = size;
  }

  /** How much was handed out. */
  int used() {
    return next;
  }

  int take(int length) {
    int place = next;
    next += length;
    if (next > size) {
      throw new IllegalStateException("the simulated memory is too small");
    }
    return place;
  }
}
