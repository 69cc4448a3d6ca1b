// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * One piece of native memory of the pool, given out in pages. Which pages are taken is guarded by
 * the pool's lock; finding the allocation of a page needs no lock.
 */
final class PoolChunk {
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  private final MemorySegment segment;
  private final long base;
  private final int pages;
  private final boolean dedicated;
  private final int slot;
  private final BitSet taken;
  private final AtomicReferenceArray<@Nullable DmaMemory> allocation;
  private int next;
  private int takenPages;

  /**
   * Allocates the chunk.
   *
   * @param sizeBytes a multiple of the page size
   * @param alignment a power of two
   * @param dedicated true if made for one large allocation and to be dropped with it
   * @param slot where it lies in the pool, in units of the alignment
   */
  PoolChunk(long sizeBytes, long alignment, boolean dedicated, int slot) {
    // Automatic: shared among threads, and unmapped only when nobody can reach a byte of it, so
    // that even a bundle that outlives core reads stale bytes at worst.
    this.segment = Arena.ofAuto().allocate(sizeBytes, alignment);
    this.base = segment.address();
    this.pages = Math.toIntExact(sizeBytes / PAGE);
    this.dedicated = dedicated;
    this.slot = slot;
    this.taken = new BitSet(pages);
    this.allocation = new AtomicReferenceArray<>(pages);
  }

  long base() {
    return base;
  }

  long sizeBytes() {
    return (long) pages * PAGE;
  }

  int slot() {
    return slot;
  }

  boolean dedicated() {
    return dedicated;
  }

  boolean isEmpty() {
    return takenPages == 0;
  }

  /**
   * Takes a run of pages, searching from where the last search ended, so that what was given back
   * is not given out again at once.
   *
   * @param count pages
   * @param alignment of the first byte's address, a power of two
   * @return first page, or -1 if there is no such run
   */
  int take(int count, long alignment) {
    if (count > pages - takenPages) {
      return -1;
    }
    int first = search(next, pages, count, alignment);
    if (first < 0) {
      first = search(0, Math.min(pages, next + count), count, alignment);
    }
    if (first >= 0) {
      taken.set(first, first + count);
      takenPages += count;
      next = first + count;
    }
    return first;
  }

  private int search(int from, int to, int count, long alignment) {
    int first = align(taken.nextClearBit(from), alignment);
    while (first + count <= to) {
      int blocked = taken.nextSetBit(first);
      if (blocked < 0 || blocked >= first + count) {
        return first;
      }
      first = align(taken.nextClearBit(blocked), alignment);
    }
    return -1;
  }

  private int align(int page, long alignment) {
    long address = base + (long) page * PAGE;
    long aligned = (address + alignment - 1) & -alignment;
    return Math.toIntExact((aligned - base) / PAGE);
  }

  void give(int first, int count) {
    taken.clear(first, first + count);
    takenPages -= count;
  }

  MemorySegment slice(int firstPage, long sizeBytes) {
    return segment.asSlice((long) firstPage * PAGE, sizeBytes);
  }

  /** Makes the pages findable, or with null no longer so. */
  void publish(int first, int count, @Nullable DmaMemory memory) {
    for (int page = first; page < first + count; page++) {
      allocation.setRelease(page, memory);
    }
  }

  /** The allocation of the page that holds an address within this chunk. */
  @Nullable DmaMemory find(long address) {
    return allocation.getAcquire((int) ((address - base) / PAGE));
  }
}
