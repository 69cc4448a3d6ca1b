// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.transport.MemoryStatus;
import ib.transport.hca.BusFaults;

/**
 * A memory region: the adapter's own table of DMA page addresses, or all memory, whose addresses
 * are DMA addresses. Agent thread.
 */
final class HwRegion {
  final int pd;
  final boolean allMemory;
  int lkey;
  int rkey;
  private final long[] pages;
  private int registered;
  private int expected;
  private int access;
  private long iova;
  private long lengthBytes;
  private int firstByte;

  HwRegion(int pd, int maxPages, int access) {
    this.pd = pd;
    this.allMemory = maxPages == 0;
    this.pages = new long[maxPages];
    this.access = access;
  }

  /**
   * Gives the region a new place; its pages are to be registered anew.
   *
   * @return false if it does not fit
   */
  boolean place(long address, long bytes, int rights, int offsetInPage) {
    long needed = bytes == 0 ? 0 : ((offsetInPage + bytes - 1) >>> Memory.PAGE_SHIFT) + 1;
    if (bytes < 0 || offsetInPage < 0 || offsetInPage >= Memory.PAGE || needed > pages.length) {
      return false;
    }
    iova = address;
    lengthBytes = bytes;
    access = rights;
    firstByte = offsetInPage;
    registered = 0;
    expected = (int) needed;
    return true;
  }

  /** Takes the next page. */
  int register(long dmaAddress) {
    if (registered == expected || (dmaAddress & (Memory.PAGE - 1)) != 0) {
      return HcallStatus.H_PARAMETER;
    }
    pages[registered++] = dmaAddress;
    return registered == expected ? HcallStatus.H_SUCCESS : HcallStatus.H_PAGE_REGISTERED;
  }

  /**
   * Resolves an access.
   *
   * @param need rights that must be there
   */
  MemoryStatus resolve(
      DmaBus bus, int need, long address, long bytes, DmaAccess way, BusWindow window) {
    if ((access & need) != need) {
      return MemoryStatus.NO_RIGHT;
    }
    if (allMemory) {
      return BusFaults.status(bus.resolve(address, bytes, way, window));
    }
    long offset = address - iova;
    if (registered < expected || offset < 0 || bytes > lengthBytes - offset) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    return resolvePages(bus, offset + firstByte, bytes, way, window);
  }

  /** Checks all pages, from the last to the first, so that the window is left at the first run. */
  private MemoryStatus resolvePages(
      DmaBus bus, long offset, long bytes, DmaAccess way, BusWindow window) {
    long end = offset + bytes;
    int first = (int) (offset >>> Memory.PAGE_SHIFT);
    for (int i = (int) ((end - 1) >>> Memory.PAGE_SHIFT); i >= first; i--) {
      long page = (long) i << Memory.PAGE_SHIFT;
      long begin = Math.max(offset, page);
      long run = Math.min(end, page + Memory.PAGE) - begin;
      DmaFault fault = bus.resolve(pages[i] + (begin - page), run, way, window);
      if (fault != DmaFault.NONE) {
        return BusFaults.status(fault);
      }
    }
    return MemoryStatus.OK;
  }

  /** The adapter's copy of the pages goes to a region that shares them; only for all memory. */
  HwRegion share(int sharedPd, int rights) {
    return new HwRegion(sharedPd, 0, rights);
  }
}
