// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Psn;

/** The READ requests that wait for the rest of their responses, oldest first. */
final class ReadsInFlight {
  private static final int SIZE = 256;

  private final int[] endPsn = new int[SIZE];
  private int first;
  private int next;

  int count() {
    return next - first;
  }

  /** Adds a request whose last response has the PSN before {@code end}. */
  void add(int end) {
    endPsn[next & (SIZE - 1)] = end;
    next++;
  }

  /** All responses before a PSN are here. */
  void doneBefore(int psn) {
    while (first != next && !Psn.isAfter(endPsn[first & (SIZE - 1)], psn)) {
      first++;
    }
  }

  void clear() {
    first = next;
  }
}
