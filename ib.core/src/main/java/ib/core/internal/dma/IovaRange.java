// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reserved addresses, and the pieces linked to them in order. A lock of its own orders its user
 * with a detach; nothing foreign is called under it. Used again by the same state of the same
 * owner.
 */
final class IovaRange {
  private static final int PAGE = DmaDomain.PAGE;
  private static final int FIRST_LINKS = 8;

  private final IommuDomain domain;
  private final OwnerBook book;
  private final IovaRanges ranges;

  /** Place in {@link IovaRanges}, guarded by its lock. */
  int place;

  private boolean open;
  private int firstPage;
  private int pageCount;
  private int inPage;
  private long sizeBytes;

  // Linked pieces by offset.
  private @Nullable Mapping[] pieces = new Mapping[FIRST_LINKS];
  private long[] starts = new long[FIRST_LINKS];
  private long[] ends = new long[FIRST_LINKS];
  private boolean[] shown = new boolean[FIRST_LINKS];
  private int count;

  /** Links that follow one another from the beginning, and where they end. */
  private int run;

  private long runEnd;
  private long linkedBytes;

  IovaRange(IommuDomain domain, OwnerBook book, IovaRanges ranges) {
    this.domain = domain;
    this.book = book;
    this.ranges = ranges;
  }

  boolean belongsTo(@Nullable OwnerBook owner) {
    return book.equals(owner);
  }

  /** True if another use may begin. */
  synchronized boolean isReusable(OwnerBook owner) {
    return !open && belongsTo(owner);
  }

  synchronized void open(int first, int pages, int offsetInPage, long bytes) {
    firstPage = first;
    pageCount = pages;
    inPage = offsetInPage;
    sizeBytes = bytes;
    open = true;
  }

  // ---- linking

  /** See {@link ib.dma.IbDmaOps#iovaLink}; the range lies within the memory. */
  synchronized boolean link(
      long at,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    if (!open) {
      return false;
    }
    String wrong = objection(at, DmaDomain.inPage(memory, offsetBytes), lengthBytes);
    if (wrong != null) {
      refuse("link", at, lengthBytes, direction, wrong);
      return false;
    }
    long fromPage = inPage + at;
    Mapping piece =
        domain.prepare(
            book,
            Family.IOVA,
            memory,
            offsetBytes,
            lengthBytes,
            direction,
            attributes,
            firstPage + (int) (fromPage / PAGE),
            DmaDomain.pagesFor((int) (fromPage % PAGE), lengthBytes));
    if (piece == null) {
      return false;
    }
    insert(piece, at, at + lengthBytes);
    return true;
  }

  private @Nullable String objection(long at, int memoryInPage, long lengthBytes) {
    if (at < 0 || lengthBytes > sizeBytes - at) {
      return "it leaves the " + sizeBytes + " bytes that are reserved";
    }
    if (at != runEnd) {
      return "it is out of order, the next range begins at " + runEnd;
    }
    if (run < count && at + lengthBytes > starts[run]) {
      return "it overlaps what is linked at " + starts[run];
    }
    if (at != 0 && (inPage + at) % PAGE != 0) {
      return "what is linked before it ends within a page, so that it was the last";
    }
    int wanted = at == 0 ? inPage : 0;
    return memoryInPage == wanted
        ? null
        : "its memory begins at 0x%x of a page and the address at 0x%x"
            .formatted(memoryInPage, wanted);
  }

  private void insert(Mapping piece, long start, long end) {
    if (count == starts.length) {
      grow();
    }
    int at = run;
    int behind = count - at;
    System.arraycopy(pieces, at, pieces, at + 1, behind);
    System.arraycopy(starts, at, starts, at + 1, behind);
    System.arraycopy(ends, at, ends, at + 1, behind);
    System.arraycopy(shown, at, shown, at + 1, behind);
    pieces[at] = piece;
    starts[at] = start;
    ends[at] = end;
    shown[at] = false;
    count++;
    linkedBytes += end - start;
    piece.continued = behind > 0 && starts[at + 1] == end;
    goesOn(at - 1, true);
    runEnd = end;
    run++;
    while (run < count && starts[run] == runEnd) {
      runEnd = ends[run++];
    }
  }

  /** Says of a piece that the next begins where it ends, or does so no more. */
  private void goesOn(int index, boolean on) {
    Mapping piece = index < 0 ? null : pieces[index];
    if (piece != null) {
      piece.continued = on;
    }
  }

  private void grow() {
    int n = count * 2;
    pieces = Arrays.copyOf(pieces, n);
    starts = Arrays.copyOf(starts, n);
    ends = Arrays.copyOf(ends, n);
    shown = Arrays.copyOf(shown, n);
  }

  /** See {@link ib.dma.IbDmaOps#iovaSync}. */
  synchronized boolean sync(long at, long lengthBytes) {
    if (!open) {
      return false;
    }
    int first = holding(at);
    int after = first;
    long end = at + lengthBytes;
    while (after >= 0 && after < count && ends[after] < end && isFollowed(after)) {
      after++;
    }
    if (lengthBytes < 1 || first < 0 || end < at || ends[after] < end) {
      refuse("sync", at, lengthBytes, DmaDirection.NONE, "a byte of it is not linked");
      return false;
    }
    for (int i = first; i <= after; i++) {
      show(i);
    }
    VarHandle.fullFence();
    return true;
  }

  /** The link that has a byte; -1 if none has. */
  private int holding(long at) {
    int found = Arrays.binarySearch(starts, 0, count, at);
    int index = found >= 0 ? found : -found - 2;
    return index >= 0 && at < ends[index] ? index : -1;
  }

  private boolean isFollowed(int index) {
    return index + 1 < count && starts[index + 1] == ends[index];
  }

  private void show(int index) {
    Mapping piece = pieces[index];
    if (piece != null && !shown[index]) {
      shown[index] = true;
      domain.publish(piece);
    }
  }

  // ---- undoing

  /** See {@link ib.dma.IbDmaOps#iovaUnlink}. */
  synchronized void unlink(long at, long lengthBytes, DmaDirection direction, boolean copyBack) {
    if (open) {
      int first = Arrays.binarySearch(starts, 0, count, at);
      int after = after(first, at + lengthBytes);
      String wrong = after < 0 ? "no linked ranges begin and end there" : null;
      for (int i = first; wrong == null && i < after; i++) {
        Mapping piece = pieces[i];
        if (piece != null && piece.direction != direction) {
          wrong = "it was linked " + piece.direction;
        }
      }
      if (wrong == null) {
        remove(first, after, copyBack);
      } else {
        refuse("unlink", at, lengthBytes, direction, wrong);
      }
    }
  }

  /** The link after those from one to where a byte is the first after the last; -1 if none is. */
  private int after(int first, long end) {
    int last = first;
    while (last >= 0 && last < count && ends[last] < end && isFollowed(last)) {
      last++;
    }
    return last >= 0 && last < count && ends[last] == end ? last + 1 : -1;
  }

  private void remove(int first, int after, boolean copyBack) {
    long at = starts[first];
    for (int i = first; i < after; i++) {
      linkedBytes -= ends[i] - starts[i];
      takeBack(i, copyBack);
    }
    int behind = count - after;
    System.arraycopy(pieces, after, pieces, first, behind);
    System.arraycopy(starts, after, starts, first, behind);
    System.arraycopy(ends, after, ends, first, behind);
    System.arraycopy(shown, after, shown, first, behind);
    int now = first + behind;
    Arrays.fill(pieces, now, count, null);
    count = now;
    goesOn(first - 1, false);
    if (first < run) {
      run = first;
      runEnd = at;
    }
  }

  private void takeBack(int index, boolean copyBack) {
    Mapping piece = pieces[index];
    pieces[index] = null;
    if (piece != null) {
      int stamp = piece.stamp();
      if (!shown[index]) {
        domain.discard(piece);
      } else if (Mapping.isLive(stamp) && piece.claim(stamp)) {
        domain.retire(piece, copyBack);
      }
    }
  }

  /** See {@link ib.dma.IbDmaOps#iovaFree}. */
  synchronized void free(DmaIova state) {
    if (open && count > 0) {
      refuse("free", 0, sizeBytes, DmaDirection.NONE, linkedBytes + " bytes are linked");
      return;
    }
    end(state);
  }

  private void end(DmaIova state) {
    if (open) {
      release();
    }
    state.end();
  }

  /** See {@link ib.dma.IbDmaOps#iovaDestroy}. */
  synchronized void destroy(DmaIova state, long bytes, DmaDirection direction, boolean copyBack) {
    if (open && (runEnd != bytes || linkedBytes != bytes)) {
      refuse("destroy", 0, bytes, direction, linkedBytes + " bytes are linked");
      return;
    }
    if (open && bytes > 0) {
      unlink(0, bytes, direction, copyBack);
    }
    end(state);
  }

  private void release() {
    open = false;
    domain.releasePages(firstPage, pageCount);
    ranges.remove(this);
  }

  private void refuse(
      String what, long at, long lengthBytes, DmaDirection direction, String wrong) {
    long address = domain.window().base() + (long) firstPage * PAGE + inPage + at;
    domain.refuse(book, what, Family.IOVA, address, lengthBytes, direction, wrong);
  }

  // ---- books

  synchronized void count(UsageCount sum) {
    if (open) {
      sum.addTwoStep(linkedBytes);
    }
  }

  /** Counts what is linked, and takes all back. */
  synchronized void close(UsageCount sum) {
    if (!open) {
      return;
    }
    sum.addTwoStep(linkedBytes);
    for (int i = 0; i < count; i++) {
      takeBack(i, false);
    }
    count = 0;
    run = 0;
    runEnd = 0;
    linkedBytes = 0;
    release();
  }
}
