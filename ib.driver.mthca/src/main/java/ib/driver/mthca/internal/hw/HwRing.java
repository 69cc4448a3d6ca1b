// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.MapEntries;

/** Where the entries of a ring in host memory are; the chip keeps the translations. */
final class HwRing {
  private final int logStride;
  private final int mask;
  private final long[] pages;

  HwRing(Tpt tpt, int firstTranslation, int logEntries, int logStride) throws CommandFault {
    if (logEntries < 0 || logEntries > 20 || logStride < 5 || logStride > MapEntries.PAGE_SHIFT) {
      throw new CommandFault(
          CommandStatus.BAD_PARAM,
          "ring of 2^" + logEntries + " entries of 2^" + logStride + " bytes");
    }
    this.logStride = logStride;
    mask = (1 << logEntries) - 1;
    long bytes = 1L << (logEntries + logStride);
    int count = (int) Math.max(1, bytes >>> MapEntries.PAGE_SHIFT);
    pages = tpt.pagesOf(firstTranslation, count);
  }

  int entries() {
    return mask + 1;
  }

  int strideBytes() {
    return 1 << logStride;
  }

  /** Offset of the entry at a position that counts up for ever. */
  int offset(int position) {
    return (position & mask) << logStride;
  }

  /** Slot of the entry at an offset. */
  int slot(int offset) {
    return (offset >>> logStride) & mask;
  }

  /** Bus address of the entry at a position. */
  long address(int position) {
    int offset = offset(position);
    return pages[offset >>> MapEntries.PAGE_SHIFT] + (offset & (MapEntries.PAGE - 1));
  }
}
