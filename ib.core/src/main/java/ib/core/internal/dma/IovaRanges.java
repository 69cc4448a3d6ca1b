// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaIova;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The mappings in two steps of one address space that are in use. Thread-safe. */
final class IovaRanges {
  private final IommuDomain domain;
  private final List<IovaRange> open = new ArrayList<>();

  IovaRanges(IommuDomain domain) {
    this.domain = domain;
  }

  /**
   * Reserves addresses.
   *
   * @param inPage of the first byte
   * @return false if there is no room, or the owner is detached
   */
  boolean reserve(OwnerBook book, DmaIova state, int inPage, long sizeBytes) {
    int pages = DmaDomain.pagesFor(inPage, sizeBytes);
    int first = domain.allocatePages(pages, 1);
    if (first < 0) {
      return false;
    }
    IovaRange range =
        state.opsData() instanceof IovaRange before && before.isReusable(book)
            ? before
            : new IovaRange(domain, book, this);
    range.open(first, pages, inPage, sizeBytes);
    add(range);
    if (book.isClosed()) { // after it was added: the detach may have looked before
      range.close(new UsageCount());
      domain.fail(MapFailure.DETACHED);
      return false;
    }
    long base = domain.window().base() + (long) first * DmaDomain.PAGE;
    state.begin(base + inPage, sizeBytes, range);
    return true;
  }

  private synchronized void add(IovaRange range) {
    range.place = open.size();
    open.add(range);
  }

  synchronized void remove(IovaRange range) {
    IovaRange last = open.removeLast();
    if (last != range) {
      open.set(range.place, last);
      last.place = range.place;
    }
  }

  private synchronized List<IovaRange> of(@Nullable OwnerBook only) {
    return open.stream().filter(range -> only == null || range.belongsTo(only)).toList();
  }

  /** Adds up those of a book, or with null all. */
  void count(@Nullable OwnerBook only, UsageCount sum) {
    of(only).forEach(range -> range.count(sum));
  }

  /** Counts those of a book, or with null all, and takes them back. */
  void close(@Nullable OwnerBook only, UsageCount sum) {
    of(only).forEach(range -> range.close(sum));
  }
}
