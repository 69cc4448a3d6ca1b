// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.DmaDirection;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.ScatterList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Maps lists: one range of bus addresses for the whole list if there is one, neighbours merged into
 * one entry where they meet on a page.
 *
 * <p>Used by one thread at a time, again and again: each thread's lane keeps one, so that mapping a
 * list makes no object.
 */
final class SgMapper {
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  /** What a mapper that rests refers to. */
  private static final ScatterList NO_LIST = new ScatterList(1);

  private final IommuDomain domain;
  private final int maxEntryBytes;

  /** Pages between two boundaries that no entry crosses; 0 if the space lies within one. */
  private final int boundaryPages;

  // Of the list that is being mapped.
  private @Nullable OwnerBook book;
  private ScatterList list = NO_LIST;
  private int entries;
  private DmaDirection direction = DmaDirection.NONE;
  private int attributes;

  private SgMapper(IommuDomain domain) {
    IbDevice device = domain.device();
    long boundary = device.segmentBoundaryMask();
    boolean within = boundary < 0 || boundary >= domain.window().sizeBytes() - 1;
    this.domain = domain;
    this.maxEntryBytes = device.maxSegmentSizeBytes();
    this.boundaryPages = within ? 0 : (int) ((boundary + 1) / PAGE);
  }

  /** See {@link ib.dma.IbDmaOps#mapSg}; arguments are checked but for the entries' lengths. */
  static int map(
      IommuDomain domain,
      OwnerBook book,
      ScatterList list,
      int entries,
      DmaDirection direction,
      int attributes) {
    SgMapper spare = domain.takeMapper();
    SgMapper mapper = spare == null ? new SgMapper(domain) : spare;
    mapper.book = book;
    mapper.list = list;
    mapper.entries = entries;
    mapper.direction = direction;
    mapper.attributes = attributes;
    try {
      return mapper.map();
    } finally {
      mapper.book = null;
      mapper.list = NO_LIST;
      domain.giveMapper(mapper);
    }
  }

  private int map() {
    int total = 0;
    for (int i = 0; i < entries; i++) {
      checkLength(i);
      total = placeAfter(total, i) + pages(i);
    }
    int range = domain.allocatePages(total, alignment(total));
    Mapping first = prepareAll(range, total);
    if (first == null) {
      list.setMappedEntries(0);
      return 0;
    }
    first.listEntries = entries;
    first.list = list;
    int mapped = merge(first);
    for (Mapping piece = first, next; piece != null; piece = next) {
      next = piece.nextInList; // a detach may take a piece as soon as it is shown
      domain.publish(piece);
    }
    list.setMappedEntries(mapped);
    return mapped;
  }

  private void checkLength(int i) {
    long length = list.length(i);
    long most =
        boundaryPages == 0 ? maxEntryBytes : Math.min(maxEntryBytes, (long) boundaryPages * PAGE);
    if (length > most) {
      throw new IllegalArgumentException(
          "entry %d of a scatter list for %s has %d bytes; split it into entries of at most %d"
              .formatted(i, domain.device().name(), length, most));
    }
    if (boundaryPages != 0 && pages(i) > boundaryPages) {
      throw new IllegalArgumentException(
          "entry %d of a scatter list for %s has %d bytes from 0x%x of a page and crosses the segment boundary; split it"
              .formatted(i, domain.device().name(), length, inPage(i)));
    }
  }

  private int inPage(int i) {
    return IommuDomain.inPage(list.memory(i), list.offset(i));
  }

  private int pages(int i) {
    return IommuDomain.pagesFor(inPage(i), list.length(i));
  }

  /** Page at which an entry begins that comes after others, counted from a boundary. */
  private int placeAfter(int page, int i) {
    if (boundaryPages == 0) {
      return page;
    }
    int last = page + pages(i) - 1;
    return page / boundaryPages == last / boundaryPages
        ? page
        : (last / boundaryPages) * boundaryPages;
  }

  private int alignment(int pages) {
    if (boundaryPages == 0) {
      return 1;
    }
    int power = Integer.highestOneBit(pages);
    return Math.min(boundaryPages, power == pages ? power : power << 1);
  }

  /** Pieces for all entries, chained, in one range or, if that is -1, each for itself. */
  private @Nullable Mapping prepareAll(int range, int total) {
    Mapping first = null;
    Mapping last = null;
    int page = 0;
    for (int i = 0; i < entries; i++) {
      int count = pages(i);
      int at = placeAfter(page, i);
      int claimed = range < 0 ? domain.allocatePages(count, alignment(count)) : range + at;
      if (range >= 0 && at > page) {
        domain.releasePages(range + page, at - page);
      }
      Family family = last == null ? Family.SG : Family.SG_TAIL;
      Mapping piece = claimed < 0 ? null : prepare(family, i, claimed, count);
      if (piece == null) {
        if (range >= 0) {
          domain.releasePages(claimed, total - at);
        } else if (claimed >= 0) {
          domain.releasePages(claimed, count);
        }
        unwind(first);
        return null;
      }
      if (last == null) {
        first = piece;
      } else {
        last.nextInList = piece;
      }
      last = piece;
      page = at + count;
    }
    return first;
  }

  private @Nullable Mapping prepare(Family family, int i, int firstPage, int count) {
    return domain.prepare(
        Objects.requireNonNull(book),
        family,
        list.memory(i),
        list.offset(i),
        list.length(i),
        direction,
        attributes,
        firstPage,
        count);
  }

  private void unwind(@Nullable Mapping first) {
    for (Mapping piece = first, next; piece != null; piece = next) {
      next = piece.nextInList;
      domain.discard(piece);
    }
  }

  /** Writes the mapped entries into the list; neighbours that can be one are one. */
  private int merge(Mapping first) {
    int mapped = 0;
    long start = first.address;
    long length = first.length;
    for (Mapping piece = first; piece.nextInList != null; piece = piece.nextInList) {
      Mapping next = piece.nextInList;
      if (next.address == start + length
          && next.address % PAGE == 0
          && length + next.length <= maxEntryBytes
          && !crosses(start, length + next.length)) {
        piece.continued = true;
        length += next.length;
      } else {
        list.setMapped(mapped++, start, length);
        start = next.address;
        length = next.length;
      }
    }
    list.setMapped(mapped++, start, length);
    return mapped;
  }

  private boolean crosses(long start, long length) {
    long boundary = (long) boundaryPages * PAGE;
    return boundary != 0 && start / boundary != (start + length - 1) / boundary;
  }

  /** See {@link ib.dma.IbDmaOps#unmapSg}. */
  static void unmap(IommuDomain domain, Mapping first, boolean copyBack) {
    OwnerBook book = first.book;
    Mapping next = first.nextInList;
    domain.retire(first, copyBack);
    for (Mapping piece = next; piece != null; piece = next) {
      int stamp = piece.stamp();
      next = piece.nextInList;
      // A detach may have reclaimed it meanwhile; then no piece of that book lives again.
      if (!Mapping.isLive(stamp) || piece.book != book || !domain.take(piece, stamp)) {
        return;
      }
      domain.retire(piece, copyBack);
    }
  }
}
