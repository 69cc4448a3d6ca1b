// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.ScatterList;
import org.jspecify.annotations.Nullable;

/**
 * A space in which the bus address is a base and the offset of the memory in the host's pool.
 *
 * <p>The device reaches any live memory of the pool, mapped or not, read or write; what is kept of
 * a mapping serves the books only. Memory that has no place in the pool, or in mode auto lies
 * beyond the mask, goes through the bounce slots of an inner space.
 */
final class LinearDomain extends DmaDomain {
  /** More than a million; fewer where the heap is small. */
  private static final int MAX_PIECES = 1 << 21;

  private final PoolSpace space;
  private final Bouncer bouncer;
  private final IommuDomain bounce;
  private final boolean copies;
  private final long base;
  private final long last;
  private final LinearTable table = new LinearTable();
  private final Pieces pieces = new Pieces(MAX_PIECES);

  LinearDomain(IbDevice device, long number, DmaSettings settings, Bouncer bouncer) {
    super(device, number, settings.mode(), null);
    if (!(bouncer.pool() instanceof PoolSpace pool)) {
      throw new IllegalArgumentException(
          "mode %s of %s needs the host's own memory pool; use iommu-strict"
              .formatted(mode.label(), device.name()));
    }
    this.space = pool;
    this.bouncer = bouncer;
    this.copies = mode == DmaMode.AUTO;
    this.bounce = IommuDomain.bouncing(device, number, bouncer, settings.bounceBytes(), this);
    long mask = device.dmaMask();
    this.last = mask < 0 ? Long.MAX_VALUE : mask;
    this.base = baseOf(settings.busBase());
  }

  private long baseOf(long configured) {
    if (configured == DmaSettings.CHOSEN) {
      return IovaWindow.linearBase(device.dmaMask(), number);
    }
    boolean below = configured <= bounce.window().base() - HostMemoryPool.MAX_LIMIT_BYTES;
    if (configured > last || (!below && configured <= bounce.lastAddress())) {
      throw new IllegalArgumentException(
          "bus.base=0x%x of %s; give one from 0x%x to its DMA mask 0x%x"
              .formatted(configured, device.name(), bounce.lastAddress() + 1, last));
    }
    return configured;
  }

  // ---- the device's side

  @Override
  DmaFault locate(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out) {
    if (isBounced(dmaAddress)) {
      return bounce.locate(dmaAddress, lengthBytes, access, out);
    }
    if (!space.resolveAt(dmaAddress - base, out)) {
      return DmaFault.NOT_MAPPED;
    }
    if (lengthBytes > out.length()) {
      return DmaFault.OUT_OF_BOUNDS;
    }
    out.set(out.segment(), out.offset(), Math.max(1, lengthBytes));
    return DmaFault.NONE;
  }

  private boolean isBounced(long dmaAddress) {
    return dmaAddress >= bounce.window().base() && dmaAddress <= bounce.lastAddress();
  }

  // ---- mapping

  /** Bus address of pool memory; {@link #ERROR} if it is not in the pool. */
  private long busAddress(DmaMemory memory, long offsetBytes) {
    long offset =
        memory.isPooled()
            ? space.offsetOf(memory.segment().address() + offsetBytes)
            : PoolSpace.NOWHERE;
    return offset == PoolSpace.NOWHERE ? ERROR : base + offset;
  }

  private boolean isReached(long address, long lengthBytes) {
    return address <= last - (lengthBytes - 1);
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
    long address = busAddress(memory, offsetBytes);
    boolean reached = isReached(address, lengthBytes);
    if (address == ERROR || (copies && !reached)) {
      return bounce.map(book, family, memory, offsetBytes, lengthBytes, direction, attributes);
    }
    if (!reached) {
      return fail(MapFailure.BEYOND_MASK);
    }
    Mapping piece = prepare(book, family, memory, address, lengthBytes, direction);
    if (piece == null) {
      return ERROR;
    }
    show(piece);
    return address;
  }

  private @Nullable Mapping prepare(
      OwnerBook book,
      Family family,
      DmaMemory memory,
      long address,
      long lengthBytes,
      DmaDirection direction) {
    Mapping piece = pieces.take();
    if (piece == null) {
      fail(MapFailure.NO_PIECE);
      return null;
    }
    MapFailure failure = piece.pin(book, memory);
    if (failure != null) {
      fail(failure);
      pieces.give(piece, false);
      return null;
    }
    piece.mapped(family, direction);
    piece.address = address;
    piece.length = lengthBytes;
    piece.listEntries = 0;
    return piece;
  }

  private void show(Mapping piece) {
    LinearTable.Part part = table.part(piece.address);
    part.lock();
    try {
      part.add(piece); // may grow
      piece.publish();
    } finally {
      part.unlock();
    }
  }

  @Override
  int mapSg(OwnerBook book, ScatterList list, int entries, DmaDirection direction, int attributes) {
    boolean foreign = false;
    boolean beyond = false;
    for (int i = 0; i < entries; i++) {
      long length = list.length(i);
      if (length > device.maxSegmentSizeBytes()) {
        throw new IllegalArgumentException(
            "entry %d of a scatter list for %s has %d bytes; split it into entries of at most %d"
                .formatted(i, device.name(), length, device.maxSegmentSizeBytes()));
      }
      long address = busAddress(list.memory(i), list.offset(i));
      foreign |= address == ERROR || crosses(address, length);
      beyond |= !isReached(address, length);
    }
    if (foreign || (beyond && copies)) {
      return bounce.mapSg(book, list, entries, direction, attributes);
    }
    int mapped = 0;
    if (beyond) {
      fail(MapFailure.BEYOND_MASK);
    } else if (mapEach(book, list, entries, direction)) {
      mapped = entries;
    }
    list.setMappedEntries(mapped);
    return mapped;
  }

  /** A place in the pool can't be chosen: what lies across a boundary is copied. */
  private boolean crosses(long address, long lengthBytes) {
    long boundary = device.segmentBoundaryMask();
    return boundary >= 0 && (address & boundary) + lengthBytes - 1 > boundary;
  }

  private boolean mapEach(OwnerBook book, ScatterList list, int entries, DmaDirection direction) {
    Mapping first = null;
    Mapping tail = null;
    for (int i = 0; i < entries; i++) {
      DmaMemory memory = list.memory(i);
      long address = busAddress(memory, list.offset(i));
      Family family = first == null ? Family.SG : Family.SG_TAIL;
      Mapping piece = prepare(book, family, memory, address, list.length(i), direction);
      if (piece == null) {
        for (Mapping one = first, next; one != null; one = next) {
          next = one.nextInList;
          tearDown(one, false);
        }
        return false;
      }
      list.setMapped(i, address, list.length(i));
      if (tail == null) {
        first = piece;
        piece.listEntries = entries;
        piece.list = list;
      } else {
        tail.nextInList = piece;
      }
      tail = piece;
    }
    Mapping next = first == null ? null : first.nextInList;
    if (first != null) {
      show(first);
    }
    for (Mapping one = next; one != null; one = next) {
      next = one.nextInList; // a detach may take a piece as soon as it is published
      one.publish();
    }
    return first != null;
  }

  @Override
  @Nullable DmaCoherent allocCoherent(OwnerBook book, long sizeBytes) {
    DmaMemory memory =
        sizeBytes > HostMemoryPool.MAX_ALIGNMENT ? null : bouncer.allocate(sizeBytes);
    if (memory == null) {
      fail(MapFailure.NO_MEMORY);
      return null;
    }
    long address = busAddress(memory, 0);
    if (!isReached(address, sizeBytes)) {
      memory.close();
      if (copies) {
        return bounce.allocCoherent(book, sizeBytes);
      }
      fail(MapFailure.BEYOND_MASK);
      return null;
    }
    DmaDirection both = DmaDirection.BIDIRECTIONAL;
    Mapping piece = prepare(book, Family.COHERENT, memory, address, sizeBytes, both);
    if (piece == null) {
      memory.close();
      return null;
    }
    show(piece);
    return new DmaCoherent(memory, address, sizeBytes);
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
    if (isBounced(address)) {
      bounce.unmap(book, family, address, quantity, direction, list, copyBack);
      return;
    }
    Mapping piece = take(book, family, address, quantity, direction, list);
    if (piece == null) {
      String wrong =
          whyNot(one -> one.mismatch(book, family, address, quantity, direction), address);
      refuse(book, "unmap", family, address, quantity, direction, wrong);
      return;
    }
    Mapping next = piece.nextInList;
    tearDown(piece, true);
    for (Mapping one = next; one != null; one = next) {
      int stamp = one.stamp();
      next = one.nextInList;
      // A detach may have reclaimed it meanwhile; then no piece of that book lives again.
      if (!Mapping.isLive(stamp) || one.book != book || !one.claim(stamp)) {
        return;
      }
      tearDown(one, true);
    }
  }

  /** Takes what fits out of the table, so that nobody else can. */
  private @Nullable Mapping take(
      OwnerBook book,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list) {
    LinearTable.Part part = table.part(address);
    part.lock();
    Mapping one = part.chain(address);
    while (one != null
        && (one.list != list || !one.fits(book, family, address, quantity, direction))) {
      one = one.nextInBucket;
    }
    if (one != null) {
      part.remove(one);
      one.claimLocked();
    }
    part.unlock();
    return one;
  }

  /** What a piece says against being the one that was meant. */
  @FunctionalInterface
  private interface Objection {
    @Nullable String of(Mapping piece);
  }

  /**
   * Why no piece was the one; those that begin at the address itself know best, then those on the
   * same page. Looks at all: misuse may take its time.
   */
  private String whyNot(Objection objection, long address) {
    String[] wrong = {NOTHING, ""};
    pieces.forEach(
        one -> {
          int stamp = one.stamp();
          long at = one.address;
          boolean samePage = (at ^ address) >>> 12 == 0;
          if (samePage && wrong[1].isEmpty() && Mapping.isLive(stamp)) {
            String why = objection.of(one);
            if (one.isStill(stamp)) {
              wrong[0] = why == null ? "it is mapped through another list" : why;
              wrong[1] = at == address ? "sure" : "";
            }
          }
        });
    return wrong[0];
  }

  /** Takes a busy piece apart; mapped is false if it was never shown. */
  private void tearDown(Mapping piece, boolean mapped) {
    DmaMemory memory = piece.memory;
    boolean coherent = piece.family == Family.COHERENT;
    pieces.give(piece, mapped);
    if (memory != null) {
      if (coherent) {
        memory.close();
      }
      memory.unpin();
    }
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
    if (isBounced(address)) {
      bounce.sync(book, family, address, offsetBytes, quantity, direction, list, toCpu);
      return;
    }
    LinearTable.Part part = table.part(address);
    part.lock();
    boolean found = false;
    for (Mapping one = part.chain(address); one != null && !found; one = one.nextInBucket) {
      found =
          one.list == list && one.fitsSync(book, family, address, offsetBytes, quantity, direction);
    }
    part.unlock();
    if (!found) {
      String wrong =
          whyNot(
              one -> one.syncMismatch(book, family, address, offsetBytes, quantity, direction),
              address);
      refuse(book, "sync", family, address, quantity, direction, wrong);
      return;
    }
    pieces.countSync(0);
    order(toCpu);
  }

  // ---- books

  @Override
  void count(@Nullable OwnerBook only, UsageCount count) {
    pieces.count(only, count);
    bounce.count(only, count);
  }

  @Override
  void reclaim(@Nullable OwnerBook only, UsageCount count) {
    pieces.forEach(
        piece -> {
          int stamp = piece.settled(only);
          if (Mapping.isLive(stamp)
              && (only == null || piece.book == only)
              && claim(piece, stamp)) {
            count.add(piece);
            tearDown(piece, true);
          }
        });
    bounce.reclaim(only, count);
  }

  /** Claims a live piece, under the lock of its part if it is in the table. */
  private boolean claim(Mapping piece, int stamp) {
    if (piece.family == Family.SG_TAIL) {
      return piece.claim(stamp);
    }
    LinearTable.Part part = table.part(piece.address);
    part.lock();
    boolean mine = piece.claim(stamp);
    if (mine) {
      part.remove(piece);
    }
    part.unlock();
    return mine;
  }

  @Override
  void flush() {
    bounce.flush();
  }

  @Override
  void release() {
    bounce.release();
  }

  @Override
  void addTo(LaneFigures sum) {
    pieces.lanes().addTo(sum);
    bounce.addTo(sum);
  }

  @Override
  int pagesUsed() {
    return bounce.pagesUsed();
  }

  @Override
  long maxMappingSize() {
    long reach = last - base + 1;
    boolean all = reach < 0 || reach >= space.limitBytes();
    if (copies && !all) {
      return bounce.maxMappingSize();
    }
    return all ? space.limitBytes() : reach;
  }

  /** Entries stay where they are in the pool. */
  @Override
  long mergeBoundary() {
    return 0;
  }

  @Override
  long lastAddress() {
    return Math.min(last, base + space.limitBytes() - 1);
  }

  long base() {
    return base;
  }

  @Override
  public String toString() {
    return "%s of %s at 0x%x".formatted(mode.label(), device.name(), base);
  }
}
