// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What an attachment reaches: live pool memory, at its virtual address. A wrong address is a fault,
 * never a crash, because the pool is asked before anything is touched. As on the real chip, whose
 * CPU copies, a mapping's direction guards nothing here.
 */
final class IpathSpace implements DmaBus {
  final DmaMemoryPool pool;
  private final BounceTable bounces;
  private final Map<DmaFault, LongAdder> faults = new EnumMap<>(DmaFault.class);
  private final Set<IpathBook> books = ConcurrentHashMap.newKeySet();
  private final LongAdder mapsOfClosedBooks = new LongAdder();
  private final LongAdder syncs = new LongAdder();
  private final AtomicLong peakOfClosedBooks = new AtomicLong();
  final FailedMaps failed;
  private volatile boolean detached;

  /**
   * Creates it.
   *
   * @param failed counts and tells which maps fail
   */
  IpathSpace(DmaMemoryPool pool, FailedMaps failed) {
    this.pool = pool;
    this.failed = failed;
    bounces = new BounceTable(pool);
    for (DmaFault cause : DmaFault.values()) {
      faults.put(cause, new LongAdder());
    }
  }

  @Override
  public DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window) {
    if (!detached && pool.resolve(dmaAddress, lengthBytes, window)) {
      return DmaFault.NONE;
    }
    DmaFault fault = DmaFault.NOT_MAPPED;
    if (detached) {
      fault = DmaFault.DETACHED;
    } else if (pool.find(dmaAddress) != null) {
      fault = DmaFault.OUT_OF_BOUNDS;
    }
    counter(fault).increment();
    return fault;
  }

  /** How often a cause was met. */
  long faults(DmaFault cause) {
    return counter(cause).sum();
  }

  private LongAdder counter(DmaFault cause) {
    return Objects.requireNonNull(faults.get(cause));
  }

  void opened(IpathBook book) {
    books.add(book);
  }

  void closed(IpathBook book) {
    if (books.remove(book)) {
      mapsOfClosedBooks.add(book.maps());
      peakOfClosedBooks.accumulateAndGet(book.peak(), Math::max);
    }
  }

  /** A sync, of a list one. */
  void synced() {
    syncs.increment();
  }

  /**
   * What is counted. The peak is the sum of those of the books and their parts, which need not have
   * been at the same time: there were never more, and maybe fewer.
   */
  DmaStatistics statistics() {
    long maps = mapsOfClosedBooks.sum();
    long peak = 0;
    long mappings = 0;
    long sgEntries = 0;
    long coherent = 0;
    long bytes = 0;
    for (IpathBook book : books) {
      DmaUsage usage = book.usage();
      maps += book.maps();
      peak += book.peak();
      mappings += usage.mappings();
      sgEntries += usage.sgEntries();
      coherent += usage.coherent();
      bytes += usage.bytes();
    }
    Map<DmaFault, Long> found = new EnumMap<>(DmaFault.class);
    for (DmaFault cause : DmaFault.values()) {
      if (faults(cause) != 0) {
        found.put(cause, faults(cause));
      }
    }
    DmaUsage live = new DmaUsage(mappings, sgEntries, coherent, bytes);
    return new DmaStatistics(
        "identity",
        live,
        Math.max(peak, peakOfClosedBooks.get()),
        maps,
        maps - live.total(),
        syncs.sum(),
        bounces.copiedBytes(),
        DmaStatistics.UNKNOWN,
        DmaStatistics.UNKNOWN,
        found,
        failed.counts());
  }

  BounceTable bounces() {
    return bounces;
  }

  boolean isDetached() {
    return detached;
  }

  void detach() {
    detached = true;
  }

  void syncForCpu(long address, long offset, long lengthBytes, DmaDirection direction) {
    if (bounces.inUse() && direction.deviceMayWrite()) {
      bounces.copyOut(address, offset, lengthBytes);
    }
  }

  void syncForDevice(long address, long offset, long lengthBytes, DmaDirection direction) {
    if (bounces.inUse() && direction.deviceMayRead()) {
      bounces.copyIn(address, offset, lengthBytes);
    }
  }
}
