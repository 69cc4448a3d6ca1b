// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.DmaAttributes;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import org.jspecify.annotations.Nullable;

/**
 * Pieces at addresses: gives them out ready to be shown to the device, and takes them apart.
 *
 * <p>A run of up to {@link Lane#MOST_PAGES} pages stays with its piece, and in the table, when it
 * is unmapped: thread by thread and size by size, oldest first. So mapping touches neither bitmap
 * nor table, until a thread has none left and fetches some at a time, or has too many. Longer runs,
 * and those of lists, come from the bitmap. Thread-safe.
 */
final class IommuPieces {
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  /** All lanes together keep a quarter of the address space at most. */
  private static final int LANES_SHARE = 4 * Lanes.LANES;

  private final DmaDomain domain;
  private final IovaWindow window;
  private final Bouncer bouncer;
  private final @Nullable BounceArea area;
  private final Pieces pieces;
  private final IovaAllocator addresses;
  private final IovaTable table;
  private final int laneShare;

  /**
   * Creates an empty space.
   *
   * @param domain told of failures
   * @param area what the device reaches instead of the memory, or null
   */
  IommuPieces(
      DmaDomain domain,
      Pieces pieces,
      IovaWindow window,
      Bouncer bouncer,
      @Nullable BounceArea area) {
    this.domain = domain;
    this.pieces = pieces;
    this.window = window;
    this.bouncer = bouncer;
    this.area = area;
    this.addresses = new IovaAllocator(window.pages(), window.firstPage());
    this.table = new IovaTable(window.pages());
    this.laneShare = window.pages() / LANES_SHARE;
  }

  /** The piece at an address, live or not; null where there never was one. */
  @Nullable Mapping at(long dmaAddress) {
    long delta = dmaAddress - window.base();
    return delta < 0 || delta >= window.sizeBytes() ? null : table.get((int) (delta / PAGE));
  }

  // ---- addresses

  /** Claims a run; -1 if there is none, even among those that this thread keeps. */
  int allocatePages(int count, int alignmentPages) {
    int first = addresses.allocate(count, alignmentPages);
    if (first < 0 && drain()) {
      first = addresses.allocate(count, alignmentPages);
    }
    return first;
  }

  void releasePages(int first, int count) {
    addresses.release(first, count);
  }

  private boolean drain() {
    boolean drained = false;
    while (true) {
      Lane lane = pieces.lanes().enter();
      Mapping piece = lane.drain();
      lane.exit();
      if (piece == null) {
        return drained;
      }
      unplace(piece);
      drained = true;
    }
  }

  /** Pages of addresses that are mapped. */
  int used() {
    LaneFigures kept = new LaneFigures();
    pieces.lanes().addTo(kept);
    return addresses.used() - kept.restingPages;
  }

  // ---- pieces

  /** A busy piece with addresses of its own; null if there is none. */
  @Nullable Mapping take(int count) {
    if (count > Math.min(laneShare, Lane.MOST_PAGES)) {
      int first = allocatePages(count, 1);
      Mapping piece = first < 0 ? null : takeAt(first, count);
      if (piece == null && first >= 0) {
        releasePages(first, count);
      }
      return piece;
    }
    Lane lane = pieces.lanes().enter();
    Mapping piece = lane.poll(count);
    if (piece != null) {
      pieces.lanes().mapped(lane);
    }
    lane.exit();
    if (piece == null) {
      piece = fetch(count);
      if (piece == null) {
        return null;
      }
      pieces.countMap();
    }
    piece.begin();
    return piece;
  }

  /** A busy piece at claimed addresses; null at the limit. */
  @Nullable Mapping takeAt(int first, int count) {
    Mapping piece = pieces.take();
    if (piece != null) {
      piece.firstPage = first;
      piece.pageCount = count;
    }
    return piece;
  }

  /** Fetches some runs of a size: one is returned, the others wait in the lane. */
  private @Nullable Mapping fetch(int count) {
    int batch = Math.min(Lane.batch(count), Math.max(1, laneShare / 2 / count));
    int first = batch == 1 ? -1 : addresses.allocate(batch * count, 1);
    if (first < 0) {
      batch = 1;
      first = allocatePages(count, 1);
    }
    if (first < 0) {
      return null;
    }
    Mapping result = place(first, count);
    for (int i = 1; i < batch; i++) {
      int at = first + i * count;
      Mapping piece = result == null ? null : place(at, count);
      if (piece == null) {
        addresses.release(at, count);
      } else {
        keep(piece);
      }
    }
    return result;
  }

  private @Nullable Mapping place(int first, int count) {
    Mapping piece = pieces.store().take();
    if (piece == null) {
      addresses.release(first, count);
      return null;
    }
    piece.firstPage = first;
    piece.pageCount = count;
    piece.placed = true;
    table.set(first, count, piece);
    return piece;
  }

  private void keep(Mapping piece) {
    Lane lane = pieces.lanes().enter();
    boolean kept = lane.keep(piece, laneShare);
    lane.exit();
    if (!kept) {
      unplace(piece);
    }
  }

  /** Parts a free piece from its addresses. */
  private void unplace(Mapping piece) {
    table.set(piece.firstPage, piece.pageCount, null);
    addresses.release(piece.firstPage, piece.pageCount);
    piece.placed = false;
    pieces.store().give(piece);
  }

  /** Takes back a busy piece, and its addresses. */
  void give(Mapping piece, boolean mapped, boolean withAddresses) {
    if (!piece.placed) {
      table.set(piece.firstPage, piece.pageCount, null);
      if (withAddresses) {
        addresses.release(piece.firstPage, piece.pageCount);
      }
      pieces.give(piece, mapped);
      return;
    }
    piece.end();
    Lane lane = pieces.lanes().enter();
    Pieces.count(lane, mapped);
    boolean kept = lane.keep(piece, laneShare);
    lane.exit();
    if (!kept) {
      unplace(piece);
    }
  }

  /** Lets the device reach a piece. */
  void show(Mapping piece) {
    if (!piece.placed) {
      table.set(piece.firstPage, piece.pageCount, piece);
    }
    piece.publish();
  }

  // ---- memory

  /**
   * Makes a busy piece ready, whose family and direction are set: pins the memory, or makes its
   * copy.
   *
   * @param coherent true if the memory is the domain's own
   * @return false when the failure is counted; then the piece holds nothing, to be given back
   */
  boolean fill(
      Mapping piece,
      OwnerBook book,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      int attributes,
      boolean coherent) {
    if (!memory.isPooled() && !Bouncer.isMappable(memory, piece.direction)) {
      domain.fail(MapFailure.UNMAPPABLE);
      return false;
    }
    MapFailure failure = piece.pin(book, memory);
    if (failure != null) {
      domain.fail(failure);
      return false;
    }
    int inPage = DmaDomain.inPage(memory, offsetBytes);
    piece.offset = offsetBytes;
    piece.length = lengthBytes;
    piece.address = window.base() + (long) piece.firstPage * PAGE + inPage;
    piece.continued = false;
    piece.listEntries = 0;
    boolean direct = coherent || (area == null && memory.isPooled());
    return direct || bounce(piece, memory, inPage, attributes);
  }

  private boolean bounce(Mapping piece, DmaMemory memory, int inPage, int attributes) {
    DmaMemory copy = area == null ? bouncer.allocate(inPage + piece.length) : area.memory();
    if (copy == null) {
      domain.fail(MapFailure.NO_MEMORY);
      memory.unpin();
      piece.memory = null;
      return false;
    }
    piece.bounced = memory;
    piece.bouncedOffset = piece.offset;
    piece.memory = copy;
    piece.offset = area == null ? inPage : (long) piece.firstPage * PAGE + inPage;
    boolean skip = (attributes & DmaAttributes.SKIP_CPU_SYNC) != 0;
    if (skip && area != null) {
      // Nobody's old bytes.
      copy.segment().asSlice(piece.offset, piece.length).fill((byte) 0);
    }
    // Whatever the direction: a device that writes less than all must not wipe out the rest.
    if (!skip && !Bouncer.toDevice(piece, 0, piece.length)) {
      domain.fail(MapFailure.UNMAPPABLE);
      unbounce(piece, false);
      return false;
    }
    if (!skip) {
      pieces.countBounced(piece.length);
    }
    return true;
  }

  private void unbounce(Mapping piece, boolean copyBack) {
    DmaMemory caller = piece.bounced;
    DmaMemory copy = piece.memory;
    if (caller == null || copy == null) {
      return;
    }
    if (copyBack) {
      copyBack(piece);
    }
    if (area == null) {
      copy.close(); // nobody else ever pinned it
    }
    caller.unpin();
  }

  /** Moves what the device may have written to the caller's memory. */
  void copyBack(Mapping piece) {
    if (piece.bounced != null && piece.direction.deviceMayWrite()) {
      Bouncer.toCpu(piece, 0, piece.length);
      pieces.countBounced(piece.length);
    }
  }

  /** Moves data between the CPU's and the device's view of part of a piece; says how much. */
  long sync(Mapping piece, long offsetBytes, long lengthBytes, boolean toCpu) {
    if (piece.bounced == null) {
      return 0;
    }
    if (toCpu && piece.direction.deviceMayWrite()) {
      Bouncer.toCpu(piece, offsetBytes, lengthBytes);
      return lengthBytes;
    }
    if (!toCpu && piece.direction.deviceMayRead()) {
      Bouncer.toDevice(piece, offsetBytes, lengthBytes);
      return lengthBytes;
    }
    return 0;
  }

  /**
   * Takes a piece apart that nobody else can take: busy.
   *
   * @param mapped false if it was never shown
   * @param copyBack false if the CPU's view of bounced memory stays as it is
   */
  void tearDown(Mapping piece, boolean mapped, boolean copyBack) {
    DmaMemory memory = piece.memory;
    boolean coherent = mapped && piece.family == Family.COHERENT;
    boolean bounced = piece.bounced != null;
    if (bounced) {
      unbounce(piece, copyBack);
    }
    // Coherent memory of the area gives its addresses back when its last user lets go of it; those
    // of a two-step range stay reserved.
    give(piece, mapped, (area == null || !coherent) && piece.family != Family.IOVA);
    if (memory != null && !bounced) {
      if (coherent) {
        memory.close();
      }
      memory.unpin();
    }
  }
}
