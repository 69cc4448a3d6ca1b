// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The address space of one attachment: a software IOMMU.
 *
 * <p>A flat table leads from each page of bus addresses to the piece mapped there; bounds and
 * direction are those of the piece, to the byte. No two mappings share a page of addresses.
 * Lock-free; thread-safe.
 */
final class IommuDomain implements DmaBus {
  /** What a failed map returns; no window reaches it. */
  static final long ERROR = ~0L;

  private static final String NOTHING = "nothing is mapped there";
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;
  private static final int MAX_PIECES = 1 << 16;

  private final IbDevice device;
  private final long number;
  private final IovaWindow window;
  private final Bouncer bouncer;
  private final IovaAllocator addresses;
  private final AtomicReferenceArray<@Nullable Mapping> table;
  private final MappingStore store = new MappingStore(MAX_PIECES);
  private final CauseCounters<DmaFault> faults = new CauseCounters<>(DmaFault.class);
  private final CauseCounters<MapFailure> failures = new CauseCounters<>(MapFailure.class);
  private volatile boolean detached;

  IommuDomain(IbDevice device, long number, Bouncer bouncer) {
    this.device = device;
    this.number = number;
    this.bouncer = bouncer;
    this.window = IovaWindow.of(device.dmaMask(), number);
    this.addresses = new IovaAllocator(window.pages(), window.firstPage());
    this.table = new AtomicReferenceArray<>(window.pages());
  }

  IovaWindow window() {
    return window;
  }

  boolean isDetached() {
    return detached;
  }

  IbDevice device() {
    return device;
  }

  // ---- the device's side

  @Override
  public DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out) {
    DmaFault fault = locate(dmaAddress, lengthBytes, access, out);
    if (fault != DmaFault.NONE) {
      faults.count(fault);
    }
    return fault;
  }

  private DmaFault locate(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out) {
    if (detached) {
      return DmaFault.DETACHED;
    }
    if ((dmaAddress & ~device.dmaMask()) != 0) {
      return DmaFault.OUTSIDE_MASK;
    }
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
      if (!Mapping.isLive(stamp)) {
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

  static int inPage(DmaMemory memory, long offsetBytes) {
    return (int) ((memory.segment().address() + offsetBytes) & (PAGE - 1));
  }

  static int pagesFor(int inPage, long lengthBytes) {
    return Math.toIntExact((inPage + lengthBytes + PAGE - 1) / PAGE);
  }

  int allocatePages(int count, int alignmentPages) {
    int first = addresses.allocate(count, alignmentPages);
    if (first < 0) {
      fail(MapFailure.NO_ADDRESS);
    }
    return first;
  }

  void releasePages(int first, int count) {
    addresses.release(first, count);
  }

  long fail(MapFailure why) {
    failures.count(why);
    return ERROR;
  }

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

  /** See {@link ib.dma.IbDmaOps#allocCoherent}. */
  @Nullable DmaCoherent allocCoherent(OwnerBook book, long sizeBytes) {
    // The pool aligns its memory as coherent memory must be, up to a limit.
    DmaMemory memory =
        sizeBytes > HostMemoryPool.MAX_ALIGNMENT ? null : bouncer.allocate(sizeBytes);
    if (memory == null) {
      fail(MapFailure.NO_MEMORY);
      return null;
    }
    int count = pagesFor(0, sizeBytes);
    int power = Integer.highestOneBit(count);
    int first = allocatePages(count, power == count ? power : power << 1);
    DmaDirection both = DmaDirection.BIDIRECTIONAL;
    Mapping piece =
        first < 0
            ? null
            : prepare(book, memory, 0, sizeBytes, both, DmaAttributes.NONE, first, count);
    if (piece == null) {
      if (first >= 0) {
        releasePages(first, count);
      }
      memory.close();
      return null;
    }
    piece.family = Family.COHERENT;
    DmaCoherent coherent = new DmaCoherent(memory, piece.address, sizeBytes);
    return publish(piece) ? coherent : null;
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
    if (!memory.isPooled() && !bounce(piece, inPage, attributes)) {
      memory.unpin();
      store.give(piece);
      return null;
    }
    return piece;
  }

  private boolean bounce(Mapping piece, int inPage, int attributes) {
    DmaMemory copy = bouncer.allocate(inPage + piece.length);
    if (copy == null || !copy.tryPin()) {
      fail(MapFailure.NO_MEMORY);
      return false;
    }
    piece.bounced = piece.memory;
    piece.bouncedOffset = piece.offset;
    piece.memory = copy;
    piece.segment = copy.segment();
    piece.offset = inPage;
    // Whatever the direction: a device that writes less than all must not wipe out the rest.
    boolean skip = (attributes & DmaAttributes.SKIP_CPU_SYNC) != 0;
    if (!skip && !Bouncer.toDevice(piece, 0, piece.length)) {
      copy.unpin();
      copy.close();
      fail(MapFailure.UNMAPPABLE);
      return false;
    }
    return true;
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

  /**
   * Finds the live piece that begins at an address and was mapped as told, and takes it.
   *
   * @param quantity length in bytes; of a list the number of its entries
   * @return the piece, reached by nobody any more; null if the owner is detached
   * @throws IllegalArgumentException if nothing is mapped there that way
   */
  @Nullable Mapping take(
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
      if (piece.claim(stamp)) {
        return piece;
      }
    }
  }

  /**
   * Finds the live piece that begins at an address, for a sync.
   *
   * @return null if the owner is detached
   * @throws IllegalArgumentException if nothing is mapped there that way
   */
  @Nullable Mapping find(
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

  private void refuse(
      OwnerBook book,
      String operation,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      @Nullable String wrong) {
    if (book.isClosed()) {
      return; // what it stood for is reclaimed
    }
    throw new IllegalArgumentException(
        "%s (%s) of 0x%x, %d %s, %s on %s by %s: %s; use what the map was called with"
            .formatted(
                operation,
                family.label(),
                address,
                quantity,
                family == Family.SG ? "entries" : "bytes",
                direction,
                device.name(),
                book.owner(),
                wrong));
  }

  /**
   * Takes back a piece that {@link #take} gave.
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
    if (memory != null && (bounced != null || piece.family == Family.COHERENT)) {
      memory.close();
    }
    addresses.release(piece.firstPage, piece.pageCount);
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

  DmaUsage usage(OwnerBook book) {
    UsageCount count = new UsageCount();
    store.forEach(
        piece -> {
          if (piece.book == book && Mapping.isLive(piece.stamp())) {
            count.add(piece);
          }
        });
    return count.usage();
  }

  /** Closes a book: counts its pieces, and takes them back. */
  DmaUsage detach(OwnerBook book) {
    book.close();
    return reclaim(book);
  }

  /** Ends the space: from now on the device reaches nothing. Counts and takes back every piece. */
  DmaUsage detachAll(OwnerBook root) {
    detached = true;
    root.close();
    return reclaim(null);
  }

  private DmaUsage reclaim(@Nullable OwnerBook only) {
    UsageCount count = new UsageCount();
    store.forEach(
        piece -> {
          int stamp = piece.stamp();
          if (Mapping.isLive(stamp) && (only == null || piece.book == only) && piece.claim(stamp)) {
            count.add(piece);
            tearDown(piece, false);
          }
        });
    return count.usage();
  }

  DomainStatistics statistics() {
    UsageCount live = new UsageCount();
    long[] maps = new long[1];
    store.forEach(
        piece -> {
          maps[0] += piece.lives();
          if (Mapping.isLive(piece.stamp())) {
            live.add(piece);
          }
        });
    return new DomainStatistics(
        device.name(),
        number,
        window,
        addresses.used(),
        live.usage(),
        maps[0],
        faults.snapshot(),
        failures.snapshot());
  }
}
