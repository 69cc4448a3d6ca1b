// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;

/** A queue in host memory: a ring of entries on registered pages. Agent thread. */
final class HwQueue {
  private final int entries;
  private final int entryBytes;
  private final long[] pages;
  private int registered;

  /**
   * Creates a queue without pages.
   *
   * @param entries a power of two
   * @param entryBytes a power of two up to a page
   */
  HwQueue(int entries, int entryBytes) {
    this.entries = entries;
    this.entryBytes = entryBytes;
    pages = new long[(int) Math.max(1, ((long) entries * entryBytes) >>> Memory.PAGE_SHIFT)];
  }

  int entries() {
    return entries;
  }

  int entryBytes() {
    return entryBytes;
  }

  int pages() {
    return pages.length;
  }

  /** Takes the next page. */
  int register(long dmaAddress) {
    if (registered == pages.length || (dmaAddress & (Memory.PAGE - 1)) != 0) {
      return HcallStatus.H_PARAMETER;
    }
    pages[registered++] = dmaAddress;
    return registered == pages.length ? HcallStatus.H_SUCCESS : HcallStatus.H_PAGE_REGISTERED;
  }

  boolean isReady() {
    return registered == pages.length;
  }

  /** DMA address of the entry at a position that counts up for ever. */
  long address(long position) {
    long offset = (position & (entries - 1)) * entryBytes;
    return pages[(int) (offset >>> Memory.PAGE_SHIFT)] + (offset & (Memory.PAGE - 1));
  }

  /** Valid word of an entry: its lowest bit changes with each turn of the ring. */
  int validWord(long position) {
    return (position & entries) == 0 ? 1 : 0;
  }
}
