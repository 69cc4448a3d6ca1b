// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaUsage;

/** Sums up pieces. */
final class UsageCount {
  private long mappings;
  private long sgEntries;
  private long coherent;
  private long bytes;

  /** A mapping in two steps. */
  void addTwoStep(long linkedBytes) {
    mappings++;
    bytes += linkedBytes;
  }

  void add(Mapping piece) {
    switch (piece.family) {
      case IOVA -> {
        return; // counted by its range
      }
      case SINGLE, PAGE -> mappings++;
      case SG, SG_TAIL -> sgEntries++;
      case COHERENT -> coherent++;
    }
    bytes += piece.length;
  }

  DmaUsage usage() {
    return new DmaUsage(mappings, sgEntries, coherent, bytes);
  }
}
