// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

/** Sums of what lanes count. */
final class LaneFigures {
  long peak;
  long maps;
  long syncs;
  long bouncedBytes;
  long addressHits;
  long addressMisses;
  int restingPages;
}
