// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What one thread keeps of a device's address space for itself, so that mapping shares no word with
 * other threads: free pieces, free addresses by size, counters.
 *
 * <p>Used between {@link Lanes#enter} and {@link #exit}, by the thread it belongs to; the one that
 * belongs to nobody has a lock. Counters have one writer and are read by others, a little late at
 * worst.
 */
final class Lane {
  /** Longest run of addresses that is kept, in pages: 128 KiB that begin anywhere in a page. */
  static final int MOST_PAGES = 33;

  /** Most pieces kept of a size. */
  static final int RING = 64;

  /** Most pages kept in the ring of a size that is longer than two. */
  private static final int RING_PAGES = 128;

  /** Free pieces without addresses: two lists' worth. */
  private static final int SPARE = 512;

  private static final int SPINS = 64;
  private static final VarHandle OWNER;
  private static final VarHandle LOCK;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      OWNER = lookup.findVarHandle(Lane.class, "owner", WeakReference.class);
      LOCK = lookup.findVarHandle(Lane.class, "locked", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean shared;

  @SuppressWarnings("unused") // accessed through LOCK
  private int locked;

  private volatile WeakReference<@Nullable Thread> owner;

  /**
   * Written by the owner. Thread numbers are never used again: equality with one's own is proof.
   */
  private long threadId;

  private final @Nullable PieceRing[] rings = new @Nullable PieceRing[MOST_PAGES + 1];
  private final @Nullable Mapping[] spare = new @Nullable Mapping[SPARE];
  private int spares;
  private int restingPages;
  private @Nullable SgMapper mapper;

  private long maps;
  private long unmaps;
  private long syncs;
  private long bouncedBytes;
  private long addressHits;
  private long addressMisses;

  /** Live pieces of this lane at which all are added up again, to see a new peak. */
  private long nextLook;

  private Lane(@Nullable Thread thread, boolean shared) {
    this.shared = shared;
    this.owner = new WeakReference<>(thread);
    this.threadId = thread == null ? 0 : thread.threadId();
  }

  static Lane of(Thread thread) {
    return new Lane(thread, false);
  }

  /** For threads that found no lane free. */
  static Lane ofAll() {
    return new Lane(null, true);
  }

  // ---- whose it is

  boolean belongsTo(long id) {
    return threadId == id;
  }

  /** Takes the lane of a thread that ended, with all that is in it. */
  boolean adopt(Thread heir) {
    WeakReference<@Nullable Thread> before = owner;
    Thread last = before.get();
    if ((last != null && last.isAlive())
        || !OWNER.compareAndSet(this, before, new WeakReference<>(heir))) {
      return false;
    }
    threadId = heir.threadId();
    return true;
  }

  void enter() {
    if (shared) {
      int spins = 0;
      while (!LOCK.compareAndSet(this, 0, 1)) {
        if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.parkNanos(this, 1_000); // whoever holds it may have no core
        }
      }
    }
  }

  /** Ends the use; no piece of it may be touched after. */
  void exit() {
    if (shared) {
      LOCK.setRelease(this, 0);
    }
  }

  // ---- pieces

  @Nullable Mapping pop() {
    if (spares == 0) {
      return null;
    }
    Mapping piece = spare[--spares];
    spare[spares] = null;
    return piece;
  }

  /** False if there is no room. */
  boolean push(Mapping piece) {
    if (spares == SPARE) {
      return false;
    }
    spare[spares++] = piece;
    return true;
  }

  /** A piece with that many pages of addresses, or null. */
  @Nullable Mapping poll(int pages) {
    PieceRing ring = rings[pages];
    Mapping piece = ring == null ? null : ring.poll();
    if (piece == null) {
      addressMisses++;
      return null;
    }
    addressHits++;
    restingPages -= pages;
    return piece;
  }

  /**
   * Keeps a piece with its addresses.
   *
   * @param mostPages the share of the address space that a lane may keep
   * @return false if there is no room
   */
  boolean keep(Mapping piece, int mostPages) {
    int pages = piece.pageCount;
    PieceRing ring = rings[pages];
    if (ring == null) {
      ring = new PieceRing(ringSize(pages));
      rings[pages] = ring;
    }
    if (ring.isFull() || restingPages + pages > mostPages) {
      return false;
    }
    ring.add(piece);
    restingPages += pages;
    return true;
  }

  private static int ringSize(int pages) {
    return Math.min(RING, Integer.highestOneBit(RING_PAGES / pages));
  }

  /** How many runs to fetch at once when there is none. */
  static int batch(int pages) {
    return Math.max(1, ringSize(pages) / 2);
  }

  int restingPages() {
    return restingPages;
  }

  /** Any piece that is kept with addresses; null if there is none. */
  @Nullable Mapping drain() {
    for (int pages = 1; restingPages > 0 && pages <= MOST_PAGES; pages++) {
      PieceRing ring = rings[pages];
      Mapping piece = ring == null ? null : ring.poll();
      if (piece != null) {
        restingPages -= pages;
        return piece;
      }
    }
    return null;
  }

  /** Takes the mapper of lists that rests here; null if it is in use, or there was none yet. */
  @Nullable SgMapper takeMapper() {
    SgMapper rested = mapper;
    mapper = null;
    return rested;
  }

  void giveMapper(SgMapper rests) {
    mapper = rests;
  }

  // ---- counters

  /** Counts a map. True if it is time to look for a new peak. */
  boolean mapped() {
    maps++;
    return maps - unmaps > nextLook;
  }

  void unmapped() {
    unmaps++;
  }

  /** A map that came to nothing. */
  void unmade() {
    maps--;
  }

  void synced() {
    syncs++;
  }

  void bounced(long bytes) {
    bouncedBytes += bytes;
  }

  /** Looks again once this many more are live. */
  void lookAfter(long more) {
    nextLook = live() + more;
  }

  /** Pieces that this thread mapped less those that it unmapped; may be negative. */
  long live() {
    return maps - unmaps;
  }

  void addTo(LaneFigures sum) {
    sum.maps += maps;
    sum.syncs += syncs;
    sum.bouncedBytes += bouncedBytes;
    sum.addressHits += addressHits;
    sum.addressMisses += addressMisses;
    sum.restingPages += restingPages;
  }
}
