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
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * An address space of pages: a software IOMMU, strict or lazy; or, with an area of bounce slots
 * behind its pages, the space of a device that everything is copied for.
 *
 * <p>A flat table leads from each page of bus addresses to the piece mapped there; bounds and
 * direction are those of the piece, to the byte. No two mappings share a page of addresses.
 * Lock-free but for the lazy mode's queue; thread-safe.
 */
final class IommuDomain extends DmaDomain {
  private static final int MAX_PIECES = 1 << 16;

  private final IovaWindow window;
  private final Bouncer bouncer;
  private final @Nullable BounceArea area;
  private final @Nullable FlushQueue queue;
  private final IovaAllocator addresses;
  private final AtomicReferenceArray<@Nullable Mapping> table;
  private final MappingStore store = new MappingStore(MAX_PIECES);

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
    this.addresses = new IovaAllocator(window.pages(), window.firstPage());
    this.table = new AtomicReferenceArray<>(window.pages());
    this.queue =
        mode == DmaMode.IOMMU_LAZY
            ? new FlushQueue("ib.core flush " + device.name(), this::flushed)
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
      Mapping piece = pieceOf(at);
      if (piece == null) {
        return at == dmaAddress ? DmaFault.NOT_MAPPED : DmaFault.OUT_OF_BOUNDS;
      }
      int stamp = piece.stamp();
      long delta = at - piece.address;
      long run = Math.min(left, piece.length - delta);
      boolean outside = delta < 0 || run <= 0;
      boolean allowed = access.allowedBy(piece.direction);
      boolean goesOn = piece.continued;
      if (at == dmaAddress) {
        out.set(piece.segment, piece.offset + delta, run);
      }
      if (!Mapping.isReachable(stamp)) {
        return DmaFault.NOT_MAPPED;
      }
      if (!piece.isStill(stamp)) {
        continue;
      }
      if (outside) {
        return DmaFault.NOT_MAPPED;
      }
      if (!allowed) {
        return DmaFault.WRONG_DIRECTION;
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

  private @Nullable Mapping pieceOf(long dmaAddress) {
    long delta = dmaAddress - window.base();
    return delta < 0 || delta >= window.sizeBytes() ? null : table.getAcquire((int) (delta / PAGE));
  }

  // ---- mapping

  int allocatePages(int count, int alignmentPages) {
    int first = addresses.allocate(count, alignmentPages);
    if (first < 0 && queue != null) {
      queue.flushAll(); // what is unmapped already must not be what fails a map
      first = addresses.allocate(count, alignmentPages);
    }
    if (first < 0) {
      fail(MapFailure.NO_ADDRESS);
    }
    return first;
  }

  void releasePages(int first, int count) {
    addresses.release(first, count);
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
    int count = pagesFor(inPage(memory, offsetBytes), lengthBytes);
    int first = allocatePages(count, 1);
    if (first < 0) {
      return ERROR;
    }
    Mapping piece =
        prepare(book, memory, offsetBytes, lengthBytes, direction, attributes, first, count);
    if (piece == null) {
      releasePages(first, count);
      return ERROR;
    }
    piece.family = family;
    long address = piece.address;
    return publish(piece) ? address : fail(MapFailure.DETACHED);
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
    DmaDirection both = DmaDirection.BIDIRECTIONAL;
    Mapping piece =
        prepare(book, memory, 0, sizeBytes, both, DmaAttributes.NONE, first, count, true);
    if (piece == null) {
      memory.close();
      if (area == null) {
        releasePages(first, count);
      }
      return null;
    }
    piece.family = Family.COHERENT;
    DmaCoherent coherent = new DmaCoherent(memory, piece.address, sizeBytes);
    return publish(piece) ? coherent : null;
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

  /**
   * Makes a piece of memory ready at claimed addresses: pins it, or its copy.
   *
   * @return a piece nobody reaches yet, or null, when the failure is counted
   */
  @Nullable Mapping prepare(
      OwnerBook book,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      int firstPage,
      int pageCount) {
    return prepare(
        book, memory, offsetBytes, lengthBytes, direction, attributes, firstPage, pageCount, false);
  }

  private @Nullable Mapping prepare(
      OwnerBook book,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      int firstPage,
      int pageCount,
      boolean coherent) {
    if (!memory.isPooled() && !Bouncer.isMappable(memory, direction)) {
      fail(MapFailure.UNMAPPABLE);
      return null;
    }
    Mapping piece = store.take();
    if (piece == null) {
      fail(MapFailure.NO_PIECE);
      return null;
    }
    if (!memory.tryPin()) {
      store.give(piece);
      fail(MapFailure.CLOSED);
      return null;
    }
    int inPage = inPage(memory, offsetBytes);
    piece.book = book;
    piece.memory = memory;
    piece.segment = memory.segment();
    piece.offset = offsetBytes;
    piece.length = lengthBytes;
    piece.firstPage = firstPage;
    piece.pageCount = pageCount;
    piece.address = window.base() + (long) firstPage * PAGE + inPage;
    piece.direction = direction;
    piece.continued = false;
    piece.listEntries = 0;
    boolean direct = coherent || (area == null && memory.isPooled());
    if (!direct && !bounce(piece, inPage, attributes)) {
      memory.unpin();
      store.give(piece);
      return null;
    }
    return piece;
  }

  private boolean bounce(Mapping piece, int inPage, int attributes) {
    DmaMemory copy = area == null ? copyOf(inPage + piece.length) : area.pin();
    if (copy == null) {
      fail(MapFailure.NO_MEMORY);
      return false;
    }
    piece.bounced = piece.memory;
    piece.bouncedOffset = piece.offset;
    piece.memory = copy;
    piece.segment = copy.segment();
    piece.offset = area == null ? inPage : (long) piece.firstPage * PAGE + inPage;
    boolean skip = (attributes & DmaAttributes.SKIP_CPU_SYNC) != 0;
    if (skip && area != null) {
      // Nobody's old bytes.
      copy.segment().asSlice(piece.offset, piece.length).fill((byte) 0);
    }
    // Whatever the direction: a device that writes less than all must not wipe out the rest.
    if (!skip && !Bouncer.toDevice(piece, 0, piece.length)) {
      copy.unpin();
      if (area == null) {
        copy.close();
      }
      fail(MapFailure.UNMAPPABLE);
      return false;
    }
    return true;
  }

  private @Nullable DmaMemory copyOf(long sizeBytes) {
    DmaMemory copy = bouncer.allocate(sizeBytes);
    return copy != null && copy.tryPin() ? copy : null;
  }

  /**
   * Lets the device reach a piece.
   *
   * @return false if the owner was detached meanwhile; the piece is gone then
   */
  boolean publish(Mapping piece) {
    OwnerBook book = piece.book;
    int first = piece.firstPage;
    int end = first + piece.pageCount;
    for (int page = first; page < end; page++) {
      table.setRelease(page, piece);
    }
    piece.publish();
    if (book != null && !book.isClosed()) {
      return true;
    }
    int stamp = piece.stamp();
    if (Mapping.isLive(stamp) && piece.book == book && piece.claim(stamp)) {
      tearDown(piece, false);
    }
    return false;
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
      Mapping piece = pieceOf(address);
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

  /** Coherent memory goes at once: freeing it may block, and its owner may close it. */
  private boolean isLazy(Mapping piece) {
    return queue != null && piece.family != Family.COHERENT;
  }

  /**
   * Takes back a piece that {@link #take} gave, now or at the next flush.
   *
   * @param copyBack false if the CPU's view of bounced memory stays as it is
   */
  void retire(Mapping piece, boolean copyBack) {
    if (queue == null || !isLazy(piece)) {
      tearDown(piece, copyBack);
      return;
    }
    if (piece.bounced != null && copyBack && piece.direction.deviceMayWrite()) {
      Bouncer.toCpu(piece, 0, piece.length);
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
    tearDown(piece, false);
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
    if (family == Family.SG) {
      SgMapper.sync(piece, toCpu);
    } else {
      sync(piece, offsetBytes, quantity, toCpu);
    }
  }

  private @Nullable Mapping find(
      OwnerBook book,
      Family family,
      long address,
      long offsetBytes,
      long quantity,
      DmaDirection direction) {
    while (true) {
      Mapping piece = pieceOf(address);
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

  /**
   * Takes a piece from the device that nobody else can take: busy, or never shown.
   *
   * @param copyBack false if the CPU's view of bounced memory stays as it is
   */
  void tearDown(Mapping piece, boolean copyBack) {
    int end = piece.firstPage + piece.pageCount;
    for (int page = piece.firstPage; page < end; page++) {
      table.setRelease(page, null);
    }
    VarHandle.fullFence();
    DmaMemory memory = piece.memory;
    DmaMemory bounced = piece.bounced;
    if (bounced != null && copyBack && piece.direction.deviceMayWrite()) {
      Bouncer.toCpu(piece, 0, piece.length);
    }
    boolean coherent = piece.family == Family.COHERENT;
    if (memory != null && (coherent || (bounced != null && area == null))) {
      memory.close();
    }
    if (area == null || !coherent) {
      addresses.release(piece.firstPage, piece.pageCount);
    }
    store.give(piece);
    if (memory != null) {
      memory.unpin();
    }
    if (bounced != null) {
      bounced.unpin();
    }
  }

  /** Moves data between the CPU's and the device's view of part of a piece. */
  static void sync(Mapping piece, long offsetBytes, long lengthBytes, boolean toCpu) {
    if (toCpu && piece.direction.deviceMayWrite()) {
      Bouncer.toCpu(piece, offsetBytes, lengthBytes);
    } else if (!toCpu && piece.direction.deviceMayRead()) {
      Bouncer.toDevice(piece, offsetBytes, lengthBytes);
    }
    VarHandle.fullFence();
  }

  // ---- books

  @Override
  void count(@Nullable OwnerBook only, UsageCount count) {
    store.count(only, count);
  }

  @Override
  void reclaim(@Nullable OwnerBook only, UsageCount count) {
    store.forEach(
        piece -> {
          int stamp = piece.stamp();
          if (Mapping.isLive(stamp) && (only == null || piece.book == only) && piece.claim(stamp)) {
            count.add(piece);
            tearDown(piece, false);
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
  long maps() {
    return store.lives();
  }

  @Override
  int pagesUsed() {
    return addresses.used();
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

  @Override
  long lastAddress() {
    return window.base() + window.sizeBytes() - 1;
  }
}
