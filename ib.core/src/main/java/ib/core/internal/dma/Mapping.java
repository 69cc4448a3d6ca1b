// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.ScatterList;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
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
    COHERENT("coherent");

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

  /** Times published; written by the owner of the piece only, read for statistics. */
  private long lives;

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

  /** Next piece of the list. */
  @Nullable Mapping nextInList;

  @Nullable OwnerBook book;

  /** What the device reaches, pinned. */
  @Nullable DmaMemory memory;

  MemorySegment segment = MemorySegment.NULL;
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

  /** From free to busy; only for who took the piece from the free list. */
  void begin() {
    STAMP.setVolatile(this, ((stamp() & ~STATE) + LIFE) | BUSY);
    VarHandle.storeStoreFence();
  }

  /** From busy to live: devices reach it from now on. */
  void publish() {
    lives++;
    STAMP.setVolatile(this, (stamp() & ~STATE) | LIVE);
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

  /** From busy to free. */
  void end() {
    book = null;
    memory = null;
    bounced = null;
    nextInList = null;
    list = null;
    segment = MemorySegment.NULL;
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
    return mismatch(who, family == Family.PAGE ? Family.PAGE : as, at, length, towards);
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
            && fits(who, family == Family.PAGE ? Family.PAGE : as, at, length, towards);
  }

  long lives() {
    return lives;
  }
}
