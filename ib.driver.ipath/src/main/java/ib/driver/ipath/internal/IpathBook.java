// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What one owner has mapped: counts, and how often each memory is pinned. Kept in stripes by page
 * address, so that threads seldom meet.
 */
final class IpathBook {
  private static final int STRIPES = 16;
  private static final int PAGE_SHIFT = 12;

  private final IpathSpace space;
  private final IbDevice device;
  private final PinStripe[] stripes = new PinStripe[STRIPES];
  private final Set<DmaMemory> coherent = ConcurrentHashMap.newKeySet();
  private final AtomicLong coherentBytes = new AtomicLong();
  private final AtomicLong coherentPeak = new AtomicLong();
  private final LongAdder allocations = new LongAdder();
  private volatile boolean closed;

  IpathBook(IpathSpace space, IbDevice device) {
    this.space = space;
    this.device = device;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new PinStripe();
    }
    space.opened(this);
  }

  IpathSpace space() {
    return space;
  }

  private PinStripe stripe(long address) {
    return stripes[(int) (address >>> PAGE_SHIFT) & (STRIPES - 1)];
  }

  /** Maps a range that was checked; 0 if it can't be. */
  long map(
      DmaMemory memory,
      long offset,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      boolean sg) {
    if (closed || space.isDetached()) {
      return failed(FailedMaps.Cause.DETACHED, lengthBytes);
    }
    if (memory.isClosed()) {
      return failed(FailedMaps.Cause.CLOSED, lengthBytes);
    }
    long address = memory.segment().address() + offset;
    if (!memory.isPooled()) {
      if (!BounceTable.takes(memory, direction.deviceMayWrite())) {
        return failed(FailedMaps.Cause.UNMAPPABLE, lengthBytes);
      }
      boolean copy = (attributes & DmaAttributes.SKIP_CPU_SYNC) == 0;
      address = space.bounces().map(this, memory, offset, lengthBytes, copy);
      if (address == IpathDmaOps.ERROR) {
        return failed(FailedMaps.Cause.NO_MEMORY, lengthBytes);
      }
    }
    // The memory as the pool knows it: that is what unmap will find.
    DmaMemory home = space.pool.find(address);
    if (home != null && stripe(address).add(home, sg, lengthBytes)) {
      return address;
    }
    if (!memory.isPooled()) {
      space.bounces().unmap(this, address, lengthBytes, false);
    }
    return failed(FailedMaps.Cause.CLOSED, lengthBytes);
  }

  /** Counts and tells a map that failed; gives the error value. */
  long failed(FailedMaps.Cause cause, long lengthBytes) {
    space.failed.add(cause, device.name(), device.owner(), lengthBytes);
    return IpathDmaOps.ERROR;
  }

  /** Undoes a map; false if nothing was mapped there that way. */
  boolean unmap(
      long address, long lengthBytes, DmaDirection direction, int attributes, boolean sg) {
    DmaMemory home = space.pool.find(address);
    if (home == null) {
      return closed;
    }
    if (space.bounces().inUse()) {
      boolean copyBack =
          direction.deviceMayWrite() && (attributes & DmaAttributes.SKIP_CPU_SYNC) == 0;
      space.bounces().unmap(this, address, lengthBytes, copyBack);
    }
    return stripe(address).remove(home, sg, lengthBytes) || closed;
  }

  @Nullable DmaCoherent allocCoherent(long sizeBytes) {
    if (closed || space.isDetached()) {
      failed(FailedMaps.Cause.DETACHED, sizeBytes);
      return null;
    }
    DmaMemory memory;
    try {
      memory = allocateAligned(sizeBytes);
    } catch (DmaMemoryExhaustedException e) {
      failed(FailedMaps.Cause.NO_MEMORY, sizeBytes);
      return null;
    }
    coherent.add(memory);
    coherentPeak.accumulateAndGet(coherent.size(), Math::max);
    allocations.increment();
    coherentBytes.addAndGet(sizeBytes);
    return new DmaCoherent(memory, memory.segment().address(), sizeBytes);
  }

  /** Plain pages, aligned to the smallest power of two that holds the size. */
  private DmaMemory allocateAligned(long sizeBytes) {
    long alignment =
        sizeBytes <= DmaMemoryPool.PAGE_SIZE
            ? DmaMemoryPool.PAGE_SIZE
            : Long.highestOneBit(sizeBytes - 1) << 1;
    DmaMemory pages = space.pool.allocate(sizeBytes);
    if ((pages.segment().address() & (alignment - 1)) == 0) {
      return pages;
    }
    // The pool promises no more than a page.
    pages.close();
    DmaMemory more = space.pool.allocate(sizeBytes + alignment - DmaMemoryPool.PAGE_SIZE);
    long skip = -more.segment().address() & (alignment - 1);
    return DmaMemory.ofPool(more.segment().asSlice(skip, sizeBytes), more::close);
  }

  boolean freeCoherent(DmaCoherent allocation) {
    if (!coherent.remove(allocation.memory())) {
      return closed;
    }
    coherentBytes.addAndGet(-allocation.sizeBytes());
    allocation.memory().close();
    return true;
  }

  /** Mappings, entries of lists and coherent allocations that ever were. */
  long maps() {
    long sum = allocations.sum();
    for (PinStripe stripe : stripes) {
      sum += stripe.maps();
    }
    return sum;
  }

  /** The most pieces that each part of the book had at a time, added up. */
  long peak() {
    long sum = coherentPeak.get();
    for (PinStripe stripe : stripes) {
      sum += stripe.peak();
    }
    return sum;
  }

  DmaUsage usage() {
    long mappings = 0;
    long sgEntries = 0;
    long bytes = coherentBytes.get();
    for (PinStripe stripe : stripes) {
      mappings += stripe.mappings();
      sgEntries += stripe.sgEntries();
      bytes += stripe.bytes();
    }
    return new DmaUsage(mappings, sgEntries, coherent.size(), bytes);
  }

  /** Ends the book: what was left, now given back. */
  DmaUsage close() {
    closed = true;
    DmaUsage left = usage();
    for (PinStripe stripe : stripes) {
      stripe.close();
    }
    space.bounces().reclaim(this);
    coherent.forEach(DmaMemory::close);
    coherent.clear();
    space.closed(this);
    return left;
  }
}
