// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Stand-ins in pool memory for foreign native memory, by their address. The slow way: users that
 * care take memory from the pool. Thread-safe.
 */
final class BounceTable {
  private static final long PAGE_MASK = DmaMemoryPool.PAGE_SIZE - 1;

  /** Stands for "any other thread": memory that this can't reach is confined. */
  private static final Thread ANY_THREAD = new Thread(() -> {}, "any");

  /** One stand-in. */
  private record Bounce(
      IpathBook owner,
      MemorySegment foreign,
      long foreignOffset,
      DmaMemory slot,
      long slotOffset,
      long length) {}

  private final DmaMemoryPool pool;
  private final ConcurrentHashMap<Long, Bounce> byAddress = new ConcurrentHashMap<>();
  private final LongAdder copiedBytes = new LongAdder();
  private final AtomicLong lostCopies = new AtomicLong();
  private volatile boolean everUsed;

  BounceTable(DmaMemoryPool pool) {
    this.pool = pool;
  }

  /** False as long as nothing was ever bounced: then addresses need not be looked up. */
  boolean inUse() {
    return everUsed;
  }

  /** Bytes copied either way. */
  long copiedBytes() {
    return copiedBytes.sum();
  }

  /** Copies that failed because the foreign memory had been closed. */
  long lostCopies() {
    return lostCopies.get();
  }

  /** Whether memory can have a stand-in: not heap, confined, or read-only for a device's writes. */
  static boolean takes(DmaMemory memory, boolean deviceWrites) {
    MemorySegment foreign = memory.segment();
    return foreign.isNative()
        && foreign.isAccessibleBy(ANY_THREAD)
        && !(deviceWrites && foreign.isReadOnly());
  }

  /**
   * Makes a stand-in holding what the memory holds. It has the same offset within a page, so that
   * lists keep the page rule of fast registration.
   *
   * @param memory that it {@link #takes}
   * @return its address, or 0 if the pool is full, or the memory is closed by now
   */
  long map(IpathBook owner, DmaMemory memory, long offset, long lengthBytes, boolean copy) {
    MemorySegment foreign = memory.segment();
    long slotOffset = (foreign.address() + offset) & PAGE_MASK;
    DmaMemory slot;
    try {
      slot = pool.allocate(slotOffset + lengthBytes);
    } catch (DmaMemoryExhaustedException e) {
      return IpathDmaOps.ERROR;
    }
    if (copy && !copy(foreign, offset, slot.segment(), slotOffset, lengthBytes)) {
      slot.close();
      return IpathDmaOps.ERROR;
    }
    everUsed = true;
    long address = slot.segment().address() + slotOffset;
    byAddress.put(address, new Bounce(owner, foreign, offset, slot, slotOffset, lengthBytes));
    return address;
  }

  /**
   * Ends a stand-in.
   *
   * @return false if there is none of this owner and length
   */
  boolean unmap(IpathBook owner, long address, long lengthBytes, boolean copyBack) {
    Bounce bounce = byAddress.get(address);
    if (bounce == null || !bounce.owner.equals(owner) || bounce.length != lengthBytes) {
      return false;
    }
    if (!byAddress.remove(address, bounce)) {
      return false;
    }
    if (copyBack) {
      copyOut(bounce, 0, bounce.length);
    }
    bounce.slot.close();
    return true;
  }

  /** Copies what the device wrote to the foreign memory, if the address is that of a stand-in. */
  void copyOut(long address, long offset, long lengthBytes) {
    Bounce bounce = byAddress.get(address);
    if (bounce != null) {
      Objects.checkFromIndexSize(offset, lengthBytes, bounce.length);
      copyOut(bounce, offset, lengthBytes);
    }
  }

  private void copyOut(Bounce bounce, long offset, long lengthBytes) {
    copy(
        bounce.slot.segment(),
        bounce.slotOffset + offset,
        bounce.foreign,
        bounce.foreignOffset + offset,
        lengthBytes);
  }

  /** Copies what the CPU wrote to the stand-in, if the address is that of one. */
  void copyIn(long address, long offset, long lengthBytes) {
    Bounce bounce = byAddress.get(address);
    if (bounce != null) {
      Objects.checkFromIndexSize(offset, lengthBytes, bounce.length);
      copy(
          bounce.foreign,
          bounce.foreignOffset + offset,
          bounce.slot.segment(),
          bounce.slotOffset + offset,
          lengthBytes);
    }
  }

  private boolean copy(
      MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long lengthBytes) {
    try {
      MemorySegment.copy(from, fromOffset, to, toOffset, lengthBytes);
      copiedBytes.add(lengthBytes);
      return true;
    } catch (IllegalStateException e) {
      lostCopies.incrementAndGet();
      return false;
    }
  }

  /** Ends all stand-ins of an owner, without copying. */
  void reclaim(IpathBook owner) {
    for (@Nullable Long address : byAddress.keySet()) {
      Bounce bounce = address == null ? null : byAddress.get(address);
      if (bounce != null && bounce.owner.equals(owner) && byAddress.remove(address, bounce)) {
        bounce.slot.close();
      }
    }
  }
}
