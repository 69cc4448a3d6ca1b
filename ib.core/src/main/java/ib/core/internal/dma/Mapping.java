// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One contiguous piece of memory at one contiguous piece of bus addresses. Reused, so that mapping
 * allocates nothing.
 *
 * <p>The stamp is the lock: its low bits say free, busy, live or lingering (unmapped, but not taken
 * from the device yet), the rest counts lives. Whoever reads without owning takes the stamp before
 * and after, and believes what it read only if it is live and unchanged; whoever tears down owns
 * the piece by moving its stamp from live to busy, which only one can.
 */
final class Mapping {
  /** How the piece was mapped; what is undone must be undone in the same family. */
  enum Family {
    /** {@code mapSingle}. */
    SINGLE("single"),
    /** {@code mapPage}. */
    PAGE("page"),
    /** First piece of {@code mapSg}. */
    SG("scatter list"),
    /** Any later piece of {@code mapSg}. */
    SG_TAIL("later entry of a scatter list"),
    /** {@code allocCoherent}. */
    COHERENT("coherent"),
    /** {@code iovaLink}; its addresses belong to an {@link IovaRange}. */
    IOVA("two-step range");

    private final String label;

    Family(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private static final int FREE = 0;
  private static final int BUSY = 1;
  private static final int LIVE = 2;
  private static final int LINGERING = 3;
  private static final int STATE = 3;
  private static final int LIFE = 4;
  private static final long LONGEST_WAIT_NS = TimeUnit.SECONDS.toNanos(1);
  private static final VarHandle STAMP;

  static {
    try {
      STAMP = MethodHandles.lookup().findVarHandle(Mapping.class, "stamp", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int index;

  @SuppressWarnings("unused") // accessed through STAMP
  private int stamp;

  /** Index + 1 of the next piece of the stack of {@link MappingStore}. */
  int below;

  /** True if the piece keeps its pages of addresses while it is at rest. */
  boolean placed;

  long address;
  long length;
  int firstPage;
  int pageCount;
  DmaDirection direction = DmaDirection.NONE;
  Family family = Family.SINGLE;

  /** True if a device's access may run on into the piece at the next address. */
  boolean continued;

  /** Original entries of the list; of the first piece of a list. */
  int listEntries;

  /** The list that was mapped; of the first piece of a list. */
  @Nullable ScatterList list;

  /** Next piece whose address has the same hash; guarded by the lock of {@link LinearTable}. */
  @Nullable Mapping nextInBucket;

  /** The one before. */
  @Nullable Mapping previousInBucket;

  /** Next piece of the list. */
  @Nullable Mapping nextInList;

  @Nullable OwnerBook book;

  /** What the device reaches, pinned. */
  @Nullable DmaMemory memory;

  long offset;

  /** The caller's memory if the device reaches a bounce buffer instead, pinned too. */
  @Nullable DmaMemory bounced;

  long bouncedOffset;

  Mapping(int index) {
    this.index = index;
  }

  int index() {
    return index;
  }

  /** The stamp, before reading what it guards. */
  int stamp() {
    return (int) STAMP.getAcquire(this);
  }

  static boolean isLive(int stamp) {
    return (stamp & STATE) == LIVE;
  }

  /** True if the device may reach the piece. */
  static boolean isReachable(int stamp) {
    return (stamp & LIVE) != 0;
  }

  /** True if nothing changed since the stamp was taken; call after reading what it guards. */
  boolean isStill(int before) {
    VarHandle.acquireFence();
    return (int) STAMP.getOpaque(this) == before;
  }

  static boolean isBusy(int stamp) {
    return (stamp & STATE) == BUSY;
  }

  /** From free to busy; only for who took the piece from the free ones. */
  void begin() {
    STAMP.setRelease(this, ((stamp() & ~STATE) + LIFE) | BUSY);
    VarHandle.storeStoreFence();
  }

  /**
   * Pins the memory for a busy piece of a book, unless the book is closed.
   *
   * <p>A detach closes the book and then looks at every piece. The pin is a full fence between the
   * book in the piece and the look at the flag here, so either the detach sees a busy piece of its
   * book and waits for it, or the flag is seen here.
   *
   * @return why not, or null
   */
  @Nullable MapFailure pin(OwnerBook who, DmaMemory what) {
    if (book != who) {
      book = who;
    }
    if (!what.tryPin()) {
      return MapFailure.CLOSED;
    }
    if (who.isClosed()) {
      what.unpin();
      return MapFailure.DETACHED;
    }
    memory = what;
    return null;
  }

  /** Sets how it is mapped; a store of a reference costs more than a look. */
  void mapped(Family as, DmaDirection towards) {
    if (family != as) {
      family = as;
    }
    if (direction != towards) {
      direction = towards;
    }
  }

  /**
   * The stamp once nobody is at work on the piece for a book, or with null for any. A map or unmap
   * in progress takes a moment; whoever is stuck in one for longer is not waited for.
   */
  int settled(@Nullable OwnerBook only) {
    int now = stamp();
    if (isBusy(now)) {
      long begin = System.nanoTime();
      while (isBusy(now)
          && (only == null || book == only)
          && System.nanoTime() - begin < LONGEST_WAIT_NS) {
        LockSupport.parkNanos(this, 1_000); // whoever is at work may have no core
        now = stamp();
      }
    }
    return now;
  }

  /** From busy to live: devices reach it from now on. */
  void publish() {
    STAMP.setRelease(this, (stamp() & ~STATE) | LIVE);
  }

  /** From live to busy. False if somebody else was first, or the piece lives another life. */
  boolean claim(int live) {
    boolean mine = STAMP.compareAndSet(this, live, (live & ~STATE) | BUSY);
    VarHandle.storeStoreFence();
    return mine;
  }

  /** From live to lingering; false as for {@link #claim}. */
  boolean linger(int live) {
    return STAMP.compareAndSet(this, live, live | LINGERING);
  }

  /** From lingering to busy; only for who made it linger. */
  void claimLingering() {
    STAMP.setVolatile(this, (stamp() & ~STATE) | BUSY);
  }

  /** From live to busy, for who holds the lock without which nobody else may. */
  void claimLocked() {
    STAMP.setRelease(this, (stamp() & ~STATE) | BUSY);
    VarHandle.storeStoreFence();
  }

  /** From busy to free. Keeps the book: the next map is most likely the same owner's. */
  void end() {
    memory = null;
    bounced = null;
    nextInList = null;
    list = null;
    STAMP.setRelease(this, (stamp() & ~STATE) | FREE);
  }

  /** What speaks against this piece as what a caller wants to unmap; null if nothing does. */
  @Nullable String mismatch(
      OwnerBook who, Family as, long at, long quantity, DmaDirection towards) {
    if (address != at) {
      return "no mapping begins there";
    }
    if (book != who) {
      return "it belongs to " + (book == null ? "nobody" : book.owner());
    }
    if (family != as) {
      return "it was mapped as " + family.label();
    }
    long mapped = as == Family.SG ? listEntries : length;
    if (mapped != quantity) {
      return "it was mapped with " + mapped;
    }
    return direction == towards ? null : "it was mapped " + direction;
  }

  /** The same for a sync: of a part, and of a page as of any single mapping. */
  @Nullable String syncMismatch(
      OwnerBook who, Family as, long at, long from, long quantity, DmaDirection towards) {
    if (as == Family.SG) {
      return mismatch(who, as, at, quantity, towards);
    }
    if (from < 0 || quantity < 0 || from > length - quantity) {
      return "bytes " + from + " to " + (from + quantity) + " leave its " + length + " bytes";
    }
    return mismatch(who, synced(as), at, length, towards);
  }

  /** What is synced as a single mapping may have been mapped in other ways. */
  private Family synced(Family as) {
    return family == Family.PAGE || family == Family.IOVA ? family : as;
  }

  /** True if {@link #mismatch} finds nothing; makes no words. */
  boolean fits(OwnerBook who, Family as, long at, long quantity, DmaDirection towards) {
    return address == at
        && book == who
        && family == as
        && direction == towards
        && (as == Family.SG ? listEntries : length) == quantity;
  }

  /** True if {@link #syncMismatch} finds nothing. */
  boolean fitsSync(
      OwnerBook who, Family as, long at, long from, long quantity, DmaDirection towards) {
    return as == Family.SG
        ? fits(who, as, at, quantity, towards)
        : from >= 0
            && quantity >= 0
            && from <= length - quantity
            && fits(who, synced(as), at, length, towards);
  }
}
