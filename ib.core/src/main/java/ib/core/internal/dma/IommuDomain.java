// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.ScatterList;
import org.jspecify.annotations.Nullable;

/**
 * An address space of pages: a software IOMMU, strict or lazy; or, with an area of bounce slots
 * behind its pages, the space of a device that everything is copied for.
 *
 * <p>A table leads from each page of bus addresses to the piece mapped there; bounds and direction
 * are those of the piece, to the byte. No two mappings share a page of addresses. Lock-free but for
 * the lazy mode's queue; thread-safe.
 */
final class IommuDomain extends DmaDomain {
  /** More than a million; fewer where the heap is small. */
  private static final int MAX_PIECES = 1 << 21;

  /** What is unmapped but not yet flushed has a quarter of the addresses at most. */
  private static final int LINGER_SHARE = 4;

  private final IovaWindow window;
  private final @Nullable BounceArea area;
  private final Bouncer bouncer;
  private final @Nullable FlushQueue queue;
  private final Pieces pieces = new Pieces(MAX_PIECES);
  private final IommuPieces placed;
  private final IovaRanges iovas = new IovaRanges(this);

  private IommuDomain(
      IbDevice device,
      long number,
      DmaMode mode,
      IovaWindow window,
      Bouncer bouncer,
      @Nullable BounceArea area,
      @Nullable DmaDomain outer) {
    super(device, number, mode, outer);
    this.bouncer = bouncer;
    this.window = window;
    this.area = area;
    this.placed = new IommuPieces(this, pieces, window, bouncer, area);
    this.queue =
        mode == DmaMode.IOMMU_LAZY
            ? new FlushQueue(
                "ib.core flush " + device.name(), window.pages() / LINGER_SHARE, this::flushed)
            : null;
  }

  /** What is unmapped is out of reach at once. */
  static IommuDomain strict(IbDevice device, long number, Bouncer bouncer) {
    IovaWindow window = IovaWindow.of(device.dmaMask(), number);
    return new IommuDomain(device, number, DmaMode.IOMMU_STRICT, window, bouncer, null, null);
  }

  /** What is unmapped stays in reach until the next flush. */
  static IommuDomain lazy(IbDevice device, long number, Bouncer bouncer) {
    IovaWindow window = IovaWindow.of(device.dmaMask(), number);
    return new IommuDomain(device, number, DmaMode.IOMMU_LAZY, window, bouncer, null, null);
  }

  /** The device reaches slots only. */
  static IommuDomain bouncing(
      IbDevice device, long number, Bouncer bouncer, long areaBytes, @Nullable DmaDomain outer) {
    IovaWindow window = IovaWindow.ofBounce(device.dmaMask(), number, areaBytes);
    BounceArea area = new BounceArea(bouncer, window.sizeBytes());
    return new IommuDomain(device, number, DmaMode.SWIOTLB, window, bouncer, area, outer);
  }

  IovaWindow window() {
    return window;
  }

  // ---- the device's side

  @Override
  DmaFault locate(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out) {
    long at = dmaAddress;
    long left = Math.max(1, lengthBytes);
    while (true) {
      Mapping piece = placed.at(at);
      if (piece == null) {
        return at == dmaAddress ? DmaFault.NOT_MAPPED : DmaFault.OUT_OF_BOUNDS;
      }
      int stamp = piece.stamp();
      long delta = at - piece.address;
      long run = Math.min(left, piece.length - delta);
      boolean outside = delta < 0 || run <= 0;
      boolean allowed = access.allowedBy(piece.direction);
      boolean goesOn = piece.continued;
      DmaMemory memory = piece.memory;
      long offset = piece.offset + delta;
      if (!Mapping.isReachable(stamp)) {
        return DmaFault.NOT_MAPPED;
      }
      if (memory == null || !piece.isStill(stamp)) {
        continue;
      }
      if (outside) {
        return DmaFault.NOT_MAPPED;
      }
      if (!allowed) {
        return DmaFault.WRONG_DIRECTION;
      }
      if (at == dmaAddress) {
        out.set(memory.segment(), offset, run);
      }
      at += run;
      left -= run;
      if (left == 0) {
        return DmaFault.NONE;
      }
      if (!goesOn) {
        return DmaFault.OUT_OF_BOUNDS;
      }
    }
  }

  // ---- mapping

  /** Claims pages for a list or for coherent memory; -1 if there are none, which is counted. */
  int allocatePages(int count, int alignmentPages) {
    int first = placed.allocatePages(count, alignmentPages);
    if (first < 0 && queue != null) {
      queue.flushAll(); // what is unmapped already must not be what fails a map
      first = placed.allocatePages(count, alignmentPages);
    }
    if (first < 0) {
      fail(MapFailure.NO_ADDRESS);
    }
    return first;
  }

  void releasePages(int first, int count) {
    placed.releasePages(first, count);
  }

  @Override
  long map(
      OwnerBook book,
      Family family,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    Mapping piece = takePlaced(pagesFor(inPage(memory, offsetBytes), lengthBytes));
    if (piece == null) {
      return ERROR;
    }
    piece.mapped(family, direction);
    if (!placed.fill(piece, book, memory, offsetBytes, lengthBytes, attributes, false)) {
      placed.give(piece, false, true);
      return ERROR;
    }
    long address = piece.address;
    placed.show(piece);
    return address;
  }

  /** A busy piece with addresses of its own; null on failure, which is counted. */
  private @Nullable Mapping takePlaced(int count) {
    Mapping piece = placed.take(count);
    if (piece == null && queue != null) {
      queue.flushAll();
      piece = placed.take(count);
    }
    if (piece == null) {
      fail(pieces.isExhausted() ? MapFailure.NO_PIECE : MapFailure.NO_ADDRESS);
    }
    return piece;
  }

  @Override
  int mapSg(OwnerBook book, ScatterList list, int entries, DmaDirection direction, int attributes) {
    return SgMapper.map(this, book, list, entries, direction, attributes);
  }

  @Override
  @Nullable DmaCoherent allocCoherent(OwnerBook book, long sizeBytes) {
    // The pool aligns its memory as coherent memory must be, up to a limit.
    if (sizeBytes > Math.min(HostMemoryPool.MAX_ALIGNMENT, window.sizeBytes())) {
      fail(MapFailure.NO_MEMORY);
      return null;
    }
    int count = pagesFor(0, sizeBytes);
    int power = Integer.highestOneBit(count);
    int first = allocatePages(count, power == count ? power : power << 1);
    if (first < 0) {
      return null;
    }
    DmaMemory memory = coherentMemory(first, count, sizeBytes);
    if (memory == null) {
      fail(MapFailure.NO_MEMORY);
      releasePages(first, count);
      return null;
    }
    Mapping piece = placed.takeAt(first, count);
    if (piece == null) {
      fail(MapFailure.NO_PIECE);
    } else {
      piece.mapped(Family.COHERENT, DmaDirection.BIDIRECTIONAL);
      if (placed.fill(piece, book, memory, 0, sizeBytes, DmaAttributes.NONE, true)) {
        DmaCoherent coherent = new DmaCoherent(memory, piece.address, sizeBytes);
        placed.show(piece);
        return coherent;
      }
      placed.give(piece, false, false);
    }
    memory.close();
    if (area == null) {
      releasePages(first, count);
    }
    return null;
  }

  /** Zeroed memory; of the area it is the one behind the pages, which go back together with it. */
  private @Nullable DmaMemory coherentMemory(int first, int count, long sizeBytes) {
    if (area == null) {
      return bouncer.allocate(sizeBytes);
    }
    DmaMemory all = area.pin();
    return all == null
        ? null
        : BounceArea.slice(all, (long) first * PAGE, sizeBytes, () -> releasePages(first, count));
  }

  /** A mapper of lists that rests; null if there is none. */
  @Nullable SgMapper takeMapper() {
    Lane lane = pieces.lanes().enter();
    SgMapper mapper = lane.takeMapper();
    lane.exit();
    return mapper;
  }

  void giveMapper(SgMapper mapper) {
    Lane lane = pieces.lanes().enter();
    lane.giveMapper(mapper);
    lane.exit();
  }

  /**
   * Makes a piece of a list ready at claimed addresses: pins the memory, or its copy.
   *
   * @return a piece nobody reaches yet, or null, when the failure is counted
   */
  @Nullable Mapping prepare(
      OwnerBook book,
      Family family,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      int firstPage,
      int pageCount) {
    Mapping piece = placed.takeAt(firstPage, pageCount);
    if (piece == null) {
      fail(MapFailure.NO_PIECE);
      return null;
    }
    piece.mapped(family, direction);
    if (!placed.fill(piece, book, memory, offsetBytes, lengthBytes, attributes, false)) {
      placed.give(piece, false, false);
      return null;
    }
    return piece;
  }

  /** Lets the device reach a piece. */
  void publish(Mapping piece) {
    placed.show(piece);
  }

  /** Takes apart a piece that was prepared and not published. */
  void discard(Mapping piece) {
    placed.tearDown(piece, false, false);
  }

  // ---- undoing

  @Override
  void unmap(
      OwnerBook book,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list,
      boolean copyBack) {
    Mapping piece = take(book, family, address, quantity, direction);
    if (piece == null) {
      return;
    }
    if (family == Family.SG) {
      SgMapper.unmap(this, piece, copyBack);
    } else {
      retire(piece, copyBack);
    }
  }

  private @Nullable Mapping take(
      OwnerBook book, Family family, long address, long quantity, DmaDirection direction) {
    while (true) {
      Mapping piece = placed.at(address);
      int stamp = piece == null ? 0 : piece.stamp();
      String wrong =
          piece == null || !Mapping.isLive(stamp)
              ? NOTHING
              : piece.mismatch(book, family, address, quantity, direction);
      if (piece != null && !piece.isStill(stamp)) {
        continue;
      }
      if (piece == null || wrong != null) {
        refuse(book, "unmap", family, address, quantity, direction, wrong);
        return null;
      }
      if (take(piece, stamp)) {
        return piece;
      }
    }
  }

  /** Makes a live piece the caller's, to {@link #retire} it; false if somebody was first. */
  boolean take(Mapping piece, int stamp) {
    return isLazy(piece) ? piece.linger(stamp) : piece.claim(stamp);
  }

  /**
   * Coherent memory goes at once: freeing it may block, and its owner may close it. So does a range
   * whose addresses stay reserved: others are linked to them next.
   */
  private boolean isLazy(Mapping piece) {
    return queue != null && piece.family != Family.COHERENT && piece.family != Family.IOVA;
  }

  /**
   * Takes back a piece that {@link #take} gave, now or at the next flush.
   *
   * @param copyBack false if the CPU's view of bounced memory stays as it is
   */
  void retire(Mapping piece, boolean copyBack) {
    if (queue == null || !isLazy(piece)) {
      placed.tearDown(piece, true, copyBack);
      return;
    }
    if (copyBack) {
      placed.copyBack(piece);
    }
    OwnerBook book = piece.book;
    if (!queue.add(piece)) {
      flushed(piece);
    } else if (book != null && book.isClosed()) {
      // The flush of the detach may have been before it came into the queue.
      queue.flushAll();
    }
  }

  private void flushed(Mapping piece) {
    piece.claimLingering();
    placed.tearDown(piece, true, false);
  }

  @Override
  void sync(
      OwnerBook book,
      Family family,
      long address,
      long offsetBytes,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list,
      boolean toCpu) {
    Mapping piece = find(book, family, address, offsetBytes, quantity, direction);
    if (piece == null) {
      return;
    }
    long moved = 0;
    if (family == Family.SG) {
      for (Mapping one = piece; one != null; one = one.nextInList) {
        moved += placed.sync(one, 0, one.length, toCpu);
      }
    } else {
      moved = placed.sync(piece, offsetBytes, quantity, toCpu);
    }
    pieces.countSync(moved);
    order(toCpu);
  }

  private @Nullable Mapping find(
      OwnerBook book,
      Family family,
      long address,
      long offsetBytes,
      long quantity,
      DmaDirection direction) {
    while (true) {
      Mapping piece = placed.at(address);
      int stamp = piece == null ? 0 : piece.stamp();
      String wrong =
          piece == null || !Mapping.isLive(stamp)
              ? NOTHING
              : piece.syncMismatch(book, family, address, offsetBytes, quantity, direction);
      if (piece != null && !piece.isStill(stamp)) {
        continue;
      }
      if (piece == null || wrong != null) {
        refuse(book, "sync", family, address, quantity, direction, wrong);
        return null;
      }
      return piece;
    }
  }

  // ---- books

  @Override
  void count(@Nullable OwnerBook only, UsageCount count) {
    pieces.count(only, count);
    iovas.count(only, count);
  }

  @Override
  void reclaim(@Nullable OwnerBook only, UsageCount count) {
    iovas.close(only, count);
    pieces.forEach(
        piece -> {
          int stamp = piece.settled(only);
          if (Mapping.isLive(stamp) && (only == null || piece.book == only) && piece.claim(stamp)) {
            count.add(piece);
            placed.tearDown(piece, true, false);
          }
        });
    flush();
  }

  /** Returns when nothing unmapped is in reach any more. */
  @Override
  void flush() {
    if (queue != null) {
      queue.flushAll();
    }
  }

  @Override
  void release() {
    if (queue != null) {
      queue.close();
    }
    if (area != null) {
      area.close();
    }
  }

  @Override
  void addTo(LaneFigures sum) {
    pieces.lanes().addTo(sum);
  }

  @Override
  int pagesUsed() {
    return placed.used();
  }

  /** A quarter of the space, so that no mapping starves the others. */
  @Override
  long maxMappingSize() {
    return window.sizeBytes() / 4;
  }

  @Override
  long mergeBoundary() {
    return PAGE - 1;
  }

  /** What a thread keeps addresses of. */
  @Override
  long optMappingSize() {
    return Math.min(maxMappingSize(), (Lane.MOST_PAGES - 1L) * PAGE);
  }

  @Override
  IovaRanges iovaRanges() {
    return iovas;
  }

  @Override
  long lastAddress() {
    return window.base() + window.sizeBytes() - 1;
  }
}
