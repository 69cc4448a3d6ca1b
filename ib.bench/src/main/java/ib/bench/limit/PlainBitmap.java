// SPDX-License-Identifier: Apache-2.0
package ib.bench.limit;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The plainest page allocator that threads can share: a bitmap claimed by compare-and-set from
 * where the last claim was, and a table entry for each page. No books, no checks.
 */
public final class PlainBitmap {
  private final AtomicLongArray words;
  private final AtomicReferenceArray<Object> table;
  private final AtomicInteger cursor = new AtomicInteger();

  /**
   * Creates an empty bitmap.
   *
   * @param pages a multiple of 64
   */
  public PlainBitmap(int pages) {
    words = new AtomicLongArray(pages / Long.SIZE);
    table = new AtomicReferenceArray<>(pages);
  }

  /** Claims a page and writes its entry. */
  public int claim(Object entry) {
    int word = cursor.get() / Long.SIZE;
    while (true) {
      long now = words.get(word);
      if (now == -1) {
        word = word + 1 == words.length() ? 0 : word + 1;
        continue;
      }
      int bit = Long.numberOfTrailingZeros(~now);
      if (words.compareAndSet(word, now, now | 1L << bit)) {
        int page = word * Long.SIZE + bit;
        table.setRelease(page, entry);
        cursor.lazySet(page);
        return page;
      }
    }
  }

  /** Takes both back. */
  public void release(int page) {
    table.setRelease(page, null);
    int word = page / Long.SIZE;
    long now = words.get(word);
    while (!words.compareAndSet(word, now, now & ~(1L << page))) {
      now = words.get(word);
    }
  }
}
