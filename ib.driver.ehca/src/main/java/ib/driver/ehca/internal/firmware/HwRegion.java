// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;
import ib.transport.hca.BusFaults;
import ib.transport.hca.Region;

/**
 * A memory region: the adapter's own table of DMA page addresses, or all memory, whose addresses
 * are DMA addresses. Agent thread.
 */
final class HwRegion extends Region {
  final boolean allMemory;
  private final DmaBus bus;
  private final long[] pages;
  private int registered;
  private int expected;
  private long iova;
  private long lengthBytes;
  private int firstByte;

  HwRegion(DmaBus bus, int pd, int maxPages, int access) {
    super(pd, maxPages > 0, access);
    this.bus = bus;
    this.allMemory = maxPages == 0;
    this.pages = new long[maxPages];
  }

  /**
   * Gives the region a new place; its pages are to be registered anew.
   *
   * @return false if it does not fit
   */
  boolean prepare(long address, long bytes, int offsetInPage) {
    long needed = bytes == 0 ? 0 : ((offsetInPage + bytes - 1) >>> Memory.PAGE_SHIFT) + 1;
    if (bytes < 0 || offsetInPage < 0 || offsetInPage >= Memory.PAGE || needed > pages.length) {
      return false;
    }
    iova = address;
    lengthBytes = bytes;
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

  @Override
  protected boolean place(long address, long bytes) {
    boolean prepared = bytes == lengthBytes && expected > 0 && registered == expected;
    iova = prepared ? address : iova;
    return prepared;
  }

  @Override
  protected boolean contains(long address, long bytes) {
    long offset = address - iova;
    return allMemory
        || (registered == expected
            && offset >= 0
            && offset <= lengthBytes
            && bytes <= lengthBytes - offset);
  }

  @Override
  protected void range(RemoteRange into) {
    into.set(iova, lengthBytes);
  }

  @Override
  protected MemoryStatus locate(long address, long bytes, DmaAccess way, BusWindow window) {
    return allMemory
        ? BusFaults.status(bus.resolve(address, bytes, way, window))
        : resolvePages(address - iova + firstByte, bytes, way, window);
  }

  /** Checks all pages, from the last to the first, so that the window is left at the first run. */
  private MemoryStatus resolvePages(long offset, long bytes, DmaAccess way, BusWindow window) {
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
    return new HwRegion(bus, sharedPd, 0, rights);
  }
}
