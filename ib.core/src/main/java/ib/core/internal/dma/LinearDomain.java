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
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A space in which the bus address is a base and the offset of the memory in the host's pool.
 *
 * <p>The device reaches any live memory of the pool, mapped or not, read or write; what is kept of
 * a mapping serves the books only. Memory that has no place in the pool, or in mode auto lies
 * beyond the mask, goes through the bounce slots of an inner space.
 */
final class LinearDomain extends DmaDomain {
  private static final int MAX_PIECES = 1 << 16;

  private final PoolSpace space;
  private final Bouncer bouncer;
  private final IommuDomain bounce;
  private final boolean copies;
  private final long base;
  private final long last;
  private final LinearTable table = new LinearTable();
  private final MappingStore store = new MappingStore(MAX_PIECES);

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
    if (configured > last || configured <= bounce.lastAddress()) {
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
    table.add(piece);
    piece.publish();
    return stays(piece, book) ? address : fail(MapFailure.DETACHED);
  }

  private @Nullable Mapping prepare(
      OwnerBook book,
      Family family,
      DmaMemory memory,
      long address,
      long lengthBytes,
      DmaDirection direction) {
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
    piece.book = book;
    piece.family = family;
    piece.memory = memory;
    piece.address = address;
    piece.length = lengthBytes;
    piece.direction = direction;
    piece.listEntries = 0;
    return piece;
  }

  /** False if the owner was detached meanwhile; a published piece is gone then. */
  private boolean stays(Mapping piece, OwnerBook book) {
    if (!book.isClosed()) {
      return true;
    }
    int stamp = piece.stamp();
    if (Mapping.isLive(stamp) && piece.book == book && piece.claim(stamp)) {
      table.remove(piece);
      tearDown(piece);
    }
    return false;
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
          tearDown(one);
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
    return first != null && show(first, book);
  }

  private boolean show(Mapping first, OwnerBook book) {
    table.add(first);
    boolean shown = true;
    for (Mapping piece = first, next; piece != null; piece = next) {
      next = piece.nextInList; // a piece that does not stay is gone at once
      piece.publish();
      shown &= stays(piece, book);
    }
    if (!shown) {
      fail(MapFailure.DETACHED);
    }
    return shown;
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
    table.add(piece);
    piece.publish();
    return stays(piece, book) ? new DmaCoherent(memory, address, sizeBytes) : null;
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
    int bucket = LinearTable.bucket(address);
    table.lock(bucket);
    Mapping piece = take(bucket, book, family, address, quantity, direction, list);
    String wrong =
        piece != null
            ? null
            : whyNot(
                bucket, one -> one.mismatch(book, family, address, quantity, direction), address);
    table.unlock(bucket);
    if (piece == null) {
      refuse(book, "unmap", family, address, quantity, direction, wrong);
      return;
    }
    Mapping next = piece.nextInList;
    tearDown(piece);
    for (Mapping one = next; one != null; one = next) {
      int stamp = one.stamp();
      next = one.nextInList;
      // A detach may have reclaimed it meanwhile; then no piece of that book lives again.
      if (!Mapping.isLive(stamp) || one.book != book || !one.claim(stamp)) {
        return;
      }
      tearDown(one);
    }
  }

  private @Nullable Mapping take(
      int bucket,
      OwnerBook book,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list) {
    for (Mapping one = table.head(bucket); one != null; one = one.nextInBucket) {
      int stamp = one.stamp();
      if (Mapping.isLive(stamp)
          && one.list == list
          && one.fits(book, family, address, quantity, direction)
          && one.claim(stamp)) {
        table.unlink(bucket, one);
        return one;
      }
    }
    return null;
  }

  /** What a piece says against being the one that was meant. */
  @FunctionalInterface
  private interface Objection {
    @Nullable String of(Mapping piece);
  }

  /** Why no piece of a chain was the one; the pieces that begin at the address itself know best. */
  private @Nullable String whyNot(int bucket, Objection objection, long address) {
    String wrong = NOTHING;
    for (Mapping one = table.head(bucket); one != null; one = one.nextInBucket) {
      boolean samePage = (one.address ^ address) >>> 12 == 0;
      if (samePage && Mapping.isLive(one.stamp())) {
        String why = objection.of(one);
        wrong = why == null ? "it is mapped through another list" : why;
        if (one.address == address) {
          return wrong;
        }
      }
    }
    return wrong;
  }

  private void tearDown(Mapping piece) {
    DmaMemory memory = piece.memory;
    boolean coherent = piece.family == Family.COHERENT;
    store.give(piece);
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
    int bucket = LinearTable.bucket(address);
    table.lock(bucket);
    boolean found = false;
    for (Mapping one = table.head(bucket); one != null && !found; one = one.nextInBucket) {
      found =
          Mapping.isLive(one.stamp())
              && one.list == list
              && one.fitsSync(book, family, address, offsetBytes, quantity, direction);
    }
    String wrong =
        found
            ? null
            : whyNot(
                bucket,
                one -> one.syncMismatch(book, family, address, offsetBytes, quantity, direction),
                address);
    table.unlock(bucket);
    if (!found) {
      refuse(book, "sync", family, address, quantity, direction, wrong);
    }
    VarHandle.fullFence();
  }

  // ---- books

  @Override
  void count(@Nullable OwnerBook only, UsageCount count) {
    store.count(only, count);
    bounce.count(only, count);
  }

  @Override
  void reclaim(@Nullable OwnerBook only, UsageCount count) {
    store.forEach(
        piece -> {
          int stamp = piece.stamp();
          if (Mapping.isLive(stamp) && (only == null || piece.book == only) && piece.claim(stamp)) {
            count.add(piece);
            table.remove(piece);
            tearDown(piece);
          }
        });
    bounce.reclaim(only, count);
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
  long maps() {
    return store.lives() + bounce.maps();
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
