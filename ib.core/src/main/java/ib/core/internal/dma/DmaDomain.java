// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.ScatterList;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * What the DMA addresses of one attachment mean: the strategy behind the shared ops, one object for
 * each attached device, kept in the device's slot. Arguments that do not depend on the mode are
 * checked by {@link DefaultDmaOps}. Thread-safe.
 */
abstract class DmaDomain implements DmaBus {
  /** What a failed map returns; no window reaches it. */
  static final long ERROR = ~0L;

  static final String NOTHING = "nothing is mapped there";
  static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  final IbDevice device;
  final long number;
  final DmaMode mode;
  private final CauseCounters<DmaFault> faults;
  private final CauseCounters<MapFailure> failures;
  private final @Nullable DmaDomain outer;
  private volatile MapFailure lastFailure = MapFailure.NONE;
  private volatile boolean detached;

  /**
   * Creates a domain.
   *
   * @param outer the domain that this one is a part of and counts for, or null
   */
  DmaDomain(IbDevice device, long number, DmaMode mode, @Nullable DmaDomain outer) {
    this.faults = outer == null ? new CauseCounters<>(DmaFault.class) : outer.faults;
    this.failures = outer == null ? new CauseCounters<>(MapFailure.class) : outer.failures;
    this.outer = outer;
    this.device = device;
    this.number = number;
    this.mode = mode;
  }

  final IbDevice device() {
    return device;
  }

  final boolean isDetached() {
    return detached;
  }

  final long fail(MapFailure why) {
    failures.count(why);
    (outer == null ? this : outer).lastFailure = why;
    return ERROR;
  }

  /** Why the latest map failed; of several threads' the latest of all. */
  final MapFailure lastFailure() {
    return lastFailure;
  }

  static int inPage(DmaMemory memory, long offsetBytes) {
    return (int) ((memory.segment().address() + offsetBytes) & (PAGE - 1));
  }

  static int pagesFor(int inPage, long lengthBytes) {
    return Math.toIntExact((inPage + lengthBytes + PAGE - 1) / PAGE);
  }

  // ---- the device's side

  @Override
  public final DmaFault resolve(
      long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window) {
    DmaFault fault =
        detached
            ? DmaFault.DETACHED
            : (dmaAddress & ~device.dmaMask()) != 0
                ? DmaFault.OUTSIDE_MASK
                : locate(dmaAddress, lengthBytes, access, window);
    if (fault != DmaFault.NONE) {
      faults.count(fault);
    }
    return fault;
  }

  /** {@link #resolve} of an address within the mask, not counted. */
  abstract DmaFault locate(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow out);

  // ---- mapping

  /** Maps one range of 1 to {@link #maxMappingSize} bytes; {@link #ERROR} on failure. */
  abstract long map(
      OwnerBook book,
      Family family,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes);

  /** See {@link ib.dma.IbDmaOps#mapSg}. */
  abstract int mapSg(
      OwnerBook book, ScatterList list, int entries, DmaDirection direction, int attributes);

  /** See {@link ib.dma.IbDmaOps#allocCoherent}. */
  abstract @Nullable DmaCoherent allocCoherent(OwnerBook book, long sizeBytes);

  /** Longest single mapping, in bytes. */
  abstract long maxMappingSize();

  /** Longest mapping that is made fast, in bytes. */
  long optMappingSize() {
    return maxMappingSize();
  }

  /** Where ranges are linked to reserved addresses; null if addresses can't be reserved. */
  @Nullable IovaRanges iovaRanges() {
    return null;
  }

  /** See {@link ib.dma.IbDmaOps#mergeBoundary}. */
  abstract long mergeBoundary();

  /** The highest address that is ever given out. */
  abstract long lastAddress();

  // ---- undoing

  /**
   * Finds the live piece that begins at an address and was mapped as told, and takes it back.
   * Returns at once if the owner is detached.
   *
   * @param quantity length in bytes; of a list the number of its entries
   * @param list what is unmapped, if it is a list
   * @param copyBack false if the CPU's view of bounced memory stays as it is
   * @throws IllegalArgumentException if nothing is mapped there that way
   */
  abstract void unmap(
      OwnerBook book,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list,
      boolean copyBack);

  /**
   * Moves data between the CPU's and the device's view of part of a piece, or of a whole list.
   *
   * @param quantity length in bytes; of a list the number of its entries
   * @param list what is synced, if it is a list
   * @throws IllegalArgumentException if nothing is mapped there that way
   */
  abstract void sync(
      OwnerBook book,
      Family family,
      long address,
      long offsetBytes,
      long quantity,
      DmaDirection direction,
      @Nullable ScatterList list,
      boolean toCpu);

  /**
   * Orders a hand-over: what the CPU wrote before the device reads, or what the device wrote before
   * the CPU reads.
   */
  static void order(boolean toCpu) {
    if (toCpu) {
      VarHandle.acquireFence();
    } else {
      VarHandle.releaseFence();
    }
  }

  final void refuse(
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

  // ---- books

  /** Adds up the live pieces of a book, or with null of all. */
  abstract void count(@Nullable OwnerBook only, UsageCount count);

  /** Counts the live pieces of a book, or with null of all, and takes them back. */
  abstract void reclaim(@Nullable OwnerBook only, UsageCount count);

  /** Adds what was counted. */
  abstract void addTo(LaneFigures sum);

  /** Pages of bus addresses in use. */
  abstract int pagesUsed();

  /** Returns when nothing that was unmapped before is in the device's reach any more. */
  abstract void flush();

  /** Gives back what the domain itself holds, once nothing is mapped. */
  abstract void release();

  final DmaUsage usage(OwnerBook book) {
    UsageCount count = new UsageCount();
    count(book, count);
    return count.usage();
  }

  /** Closes a book: counts its pieces, and takes them back. */
  final DmaUsage detach(OwnerBook book) {
    book.close();
    UsageCount count = new UsageCount();
    reclaim(book, count);
    return count.usage();
  }

  /** Ends the space: from now on the device reaches nothing. Counts and takes back every piece. */
  final DmaUsage detachAll(OwnerBook root) {
    detached = true;
    root.close();
    UsageCount count = new UsageCount();
    reclaim(null, count);
    release();
    return count.usage();
  }

  final DomainStatistics statistics() {
    UsageCount live = new UsageCount();
    count(null, live);
    LaneFigures counted = new LaneFigures();
    addTo(counted);
    DmaUsage usage = live.usage();
    return new DomainStatistics(
        device.name(),
        number,
        mode,
        pagesUsed(),
        usage,
        Math.max(counted.peak, usage.total()),
        counted.maps,
        counted.syncs,
        counted.bouncedBytes,
        counted.addressHits,
        counted.addressMisses,
        faults.snapshot(),
        failures.snapshot());
  }
}
