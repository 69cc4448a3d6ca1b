// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;
import ib.transport.hca.BusFaults;
import ib.transport.hca.Region;

/**
 * A memory region as the driver's tables have it: a list of {virtual address, length} segments, or
 * all memory. Agent thread only.
 */
final class IpathRegion extends Region {
  private final DmaBus bus;
  private final boolean allMemory;
  private final long[] address;

  /** Offset in the region of each segment's first byte; one more entry for the end. */
  private final long[] start;

  private int segments;
  private long iova;

  private IpathRegion(DmaBus bus, IpathPd pd, int maxSegments, int access) {
    super(pd, maxSegments > 0, access);
    this.bus = bus;
    this.allMemory = maxSegments == 0;
    this.address = new long[maxSegments];
    this.start = new long[maxSegments + 1];
  }

  static IpathRegion allMemory(DmaBus bus, IpathPd pd, int access) {
    return new IpathRegion(bus, pd, 0, access);
  }

  static IpathRegion segments(DmaBus bus, IpathPd pd, int maxSegments) {
    return new IpathRegion(bus, pd, maxSegments, 0);
  }

  /** Takes over the entries of a list that was checked. */
  void set(IbDma dma, ScatterList list, int entries, long firstIova) {
    long offset = 0;
    for (int i = 0; i < entries; i++) {
      address[i] = dma.dmaAddress(list, i);
      start[i] = offset;
      offset += dma.dmaLen(list, i);
    }
    start[entries] = offset;
    segments = entries;
    iova = firstIova;
  }

  @Override
  protected boolean place(long first, long lengthBytes) {
    boolean prepared = segments > 0 && lengthBytes == start[segments];
    iova = prepared ? first : iova;
    return prepared;
  }

  @Override
  protected boolean contains(long from, long lengthBytes) {
    long offset = from - iova;
    return allMemory
        || (offset >= 0 && offset <= start[segments] && lengthBytes <= start[segments] - offset);
  }

  @Override
  protected void range(RemoteRange into) {
    into.set(iova, start[segments]);
  }

  @Override
  protected MemoryStatus locate(long from, long lengthBytes, DmaAccess way, BusWindow window) {
    return allMemory
        ? BusFaults.status(bus.resolve(from, lengthBytes, way, window))
        : resolveSegments(from - iova, lengthBytes, way, window);
  }

  /**
   * Checks all of the range, from its end to its beginning, so that the window is left at the first
   * run.
   */
  private MemoryStatus resolveSegments(
      long offset, long lengthBytes, DmaAccess way, BusWindow window) {
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
