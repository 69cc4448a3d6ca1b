// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.transport.MemoryStatus;
import ib.transport.hca.BusFaults;

/**
 * A memory region as the driver's tables have it: a list of {virtual address, length} segments, or
 * all memory. Agent thread only.
 */
final class IpathRegion {
  final IpathPd pd;
  private final boolean allMemory;
  private final long[] address;

  /** Offset in the region of each segment's first byte; one more entry for the end. */
  private final long[] start;

  private int segments;
  private long iova;
  private int access;

  private IpathRegion(IpathPd pd, boolean allMemory, int maxSegments, int access) {
    this.pd = pd;
    this.allMemory = allMemory;
    this.address = new long[maxSegments];
    this.start = new long[maxSegments + 1];
    this.access = access;
  }

  static IpathRegion allMemory(IpathPd pd, int access) {
    return new IpathRegion(pd, true, 0, access);
  }

  static IpathRegion segments(IpathPd pd, int maxSegments) {
    return new IpathRegion(pd, false, maxSegments, 0);
  }

  /** Takes over the entries of a list that was checked. */
  void set(IbDma dma, ScatterList list, int entries, long firstIova, int rights) {
    long offset = 0;
    for (int i = 0; i < entries; i++) {
      address[i] = dma.dmaAddress(list, i);
      start[i] = offset;
      offset += dma.dmaLen(list, i);
    }
    start[entries] = offset;
    segments = entries;
    iova = firstIova;
    access = rights;
  }

  /** Forgets the entries: nothing is in the region. */
  void clear() {
    segments = 0;
    start[0] = 0;
    access = 0;
  }

  /**
   * Resolves an access.
   *
   * @param need access flag that must be there, 0 for none
   */
  MemoryStatus resolve(
      DmaBus bus, int need, long from, long lengthBytes, DmaAccess way, BusWindow window) {
    if ((access & need) != need) {
      return MemoryStatus.NO_RIGHT;
    }
    if (allMemory) {
      return BusFaults.status(bus.resolve(from, lengthBytes, way, window));
    }
    long offset = from - iova;
    if (offset < 0 || lengthBytes > start[segments] - offset) {
      return MemoryStatus.OUT_OF_BOUNDS;
    }
    return resolveSegments(bus, offset, lengthBytes, way, window);
  }

  /**
   * Checks all of the range, from its end to its beginning, so that the window is left at the first
   * run.
   */
  private MemoryStatus resolveSegments(
      DmaBus bus, long offset, long lengthBytes, DmaAccess way, BusWindow window) {
    long end = offset + lengthBytes;
    int first = segmentOf(offset);
    for (int i = segmentOf(end - 1); i >= first; i--) {
      long begin = Math.max(offset, start[i]);
      long run = Math.min(end, start[i + 1]) - begin;
      DmaFault fault = bus.resolve(address[i] + (begin - start[i]), run, way, window);
      if (fault != DmaFault.NONE) {
        return BusFaults.status(fault);
      }
    }
    return MemoryStatus.OK;
  }

  private int segmentOf(long offset) {
    int low = 0;
    int high = segments - 1;
    while (low < high) {
      int mid = (low + high + 1) >>> 1;
      if (start[mid] <= offset) {
        low = mid;
      } else {
        high = mid - 1;
      }
    }
    return low;
  }
}
