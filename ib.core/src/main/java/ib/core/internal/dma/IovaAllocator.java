// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Gives out pages of bus address space: a bitmap claimed by compare-and-set, searched onwards from
 * where the last claim ended.
 *
 * <p>The search comes back to a page that was given up only after it has gone through the whole
 * space. In front of it each thread keeps short runs for itself ({@link IommuPieces}): those rest
 * until the thread has used the others it keeps of that size. Lock-free; thread-safe.
 */
final class IovaAllocator {
  /** Pages that are searched at first. */
  static final int FIRST_REACH = 1 << 15;

  private final int pages;
  private final AtomicLongArray words;
  private final AtomicInteger cursor;

  /** End of what is searched: grows as it fills, so that a large space costs no large search. */
  private final AtomicInteger reach;

  /**
   * Creates an empty space.
   *
   * @param pages a multiple of 64
   * @param start page at which the first search begins, if it is within the first reach
   */
  IovaAllocator(int pages, int start) {
    this.pages = pages;
    this.words = new AtomicLongArray(pages / Long.SIZE);
    this.reach = new AtomicInteger(Math.min(pages, FIRST_REACH));
    this.cursor = new AtomicInteger(start % reach.get());
  }

  int pages() {
    return pages;
  }

  /**
   * Claims a run of pages.
   *
   * @param count at least 1
   * @param alignmentPages of the first page, a power of two
   * @return first page, or -1 if no run is free
   */
  int allocate(int count, int alignmentPages) {
    while (true) {
      int end = reach.get();
      int start = Math.min(cursor.get(), end);
      int found = search(start, end, count, alignmentPages);
      if (found < 0 && end < pages && isHalfFull(end)) {
        grow(end);
        continue;
      }
      if (found < 0) {
        // The second round ends where a run could begin just below the first one's start.
        found = search(0, Math.min(end, start + count - 1), count, alignmentPages);
      }
      if (found >= 0) {
        int next = found + count;
        cursor.set(next == end ? 0 : next);
        return found;
      }
      if (end == pages) {
        return -1;
      }
      grow(end);
    }
  }

  /** Looked at once a round, so its cost is spread over as many claims as a round has. */
  private boolean isHalfFull(int end) {
    return used(end) > end / 2;
  }

  private void grow(int end) {
    if (reach.compareAndSet(end, Math.min(pages, 2 * end))) {
      cursor.set(end);
    }
  }

  private int search(int from, int to, int count, int alignmentPages) {
    int first = align(from, alignmentPages);
    while (first + count <= to) {
      int blocked = claim(first, count);
      if (blocked < 0) {
        return first;
      }
      first = align(nextFree(blocked + 1), alignmentPages);
    }
    return -1;
  }

  private static int align(int page, int alignmentPages) {
    return (page + alignmentPages - 1) & -alignmentPages;
  }

  private int nextFree(int page) {
    int word = page / Long.SIZE;
    if (page >= pages) {
      return pages;
    }
    long free = ~words.get(word) & (-1L << page);
    while (free == 0) {
      if (++word == words.length()) {
        return pages;
      }
      free = ~words.get(word);
    }
    return word * Long.SIZE + Long.numberOfTrailingZeros(free);
  }

  /** Claims a run word by word. Returns -1, or a taken page of the run, having claimed nothing. */
  private int claim(int first, int count) {
    int end = first + count;
    int page = first;
    while (page < end) {
      int word = page / Long.SIZE;
      long mask = maskFrom(page, end);
      long now = words.get(word);
      if ((now & mask) != 0) {
        release(first, page - first);
        return word * Long.SIZE + 63 - Long.numberOfLeadingZeros(now & mask);
      }
      if (words.compareAndSet(word, now, now | mask)) {
        page = (word + 1) * Long.SIZE;
      }
    }
    return -1;
  }

  /**
   * Gives up a run.
   *
   * @param first first page
   * @param count pages, as claimed
   */
  void release(int first, int count) {
    int end = first + count;
    for (int page = first; page < end; page = (page / Long.SIZE + 1) * Long.SIZE) {
      int word = page / Long.SIZE;
      long keep = ~maskFrom(page, end);
      long now = words.get(word);
      while (!words.compareAndSet(word, now, now & keep)) {
        now = words.get(word);
      }
    }
  }

  private static long maskFrom(int page, int end) {
    int wordEnd = (page / Long.SIZE + 1) * Long.SIZE;
    long mask = -1L << page;
    return end < wordEnd ? mask & ((1L << end) - 1) : mask;
  }

  /**
   * Pages claimed now.
   *
   * @return count, exact only while nobody claims or releases
   */
  int used() {
    return used(reach.get());
  }

  private int used(int end) {
    int used = 0;
    for (int i = 0; i < end / Long.SIZE; i++) {
      used += Long.bitCount(words.get(i));
    }
    return used;
  }
}
