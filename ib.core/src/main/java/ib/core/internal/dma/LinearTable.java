// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Live pieces by their address, of which several may have the same: a hash table in parts, each
 * with a spin lock that is held for a walk along one chain, or while the part grows. Thread-safe.
 */
final class LinearTable {
  private static final int PART_BITS = 6;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final Part[] parts = new Part[1 << PART_BITS];

  LinearTable() {
    for (int i = 0; i < parts.length; i++) {
      parts[i] = new Part(); // its first buckets lie between it and the next part's lock
    }
  }

  /** The part for an address. */
  Part part(long address) {
    return parts[(int) ((address * GOLDEN) >>> (Long.SIZE - PART_BITS))];
  }

  /** One part; everything but the lock only under the lock. */
  static final class Part {
    private static final int FIRST = 64;
    private static final int SPINS = 64;
    private static final VarHandle LOCK;

    static {
      try {
        LOCK = MethodHandles.lookup().findVarHandle(Part.class, "locked", int.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    @SuppressWarnings("unused") // accessed through LOCK
    private int locked;

    private int size;
    private @Nullable Mapping[] heads = new @Nullable Mapping[FIRST];

    void lock() {
      int spins = 0;
      while (!LOCK.compareAndSet(this, 0, 1)) {
        if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.parkNanos(this, 1_000); // whoever holds it may have no core
        }
      }
    }

    void unlock() {
      LOCK.setRelease(this, 0);
    }

    private static int bucket(long address, int buckets) {
      return (int) ((address * GOLDEN) >>> (Long.SIZE - PART_BITS - 24)) & (buckets - 1);
    }

    /** First piece of the chain in which an address would be. */
    @Nullable Mapping chain(long address) {
      return heads[bucket(address, heads.length)];
    }

    void add(Mapping piece) {
      if (size == heads.length) {
        grow();
      }
      size++;
      link(piece);
    }

    private void link(Mapping piece) {
      int bucket = bucket(piece.address, heads.length);
      Mapping head = heads[bucket];
      piece.previousInBucket = null;
      piece.nextInBucket = head;
      if (head != null) {
        head.previousInBucket = piece;
      }
      heads[bucket] = piece;
    }

    /** Doubles the buckets, so that chains stay short. */
    private void grow() {
      @Nullable Mapping[] before = heads;
      heads = new @Nullable Mapping[2 * before.length];
      for (Mapping head : before) {
        for (Mapping piece = head, next; piece != null; piece = next) {
          next = piece.nextInBucket;
          link(piece);
        }
      }
    }

    /** Takes a piece out that was put in. */
    void remove(Mapping piece) {
      Mapping before = piece.previousInBucket;
      Mapping after = piece.nextInBucket;
      if (before == null) {
        heads[bucket(piece.address, heads.length)] = after;
      } else {
        before.nextInBucket = after;
        piece.previousInBucket = null;
      }
      if (after != null) {
        after.previousInBucket = before;
        piece.nextInBucket = null;
      }
      size--;
    }
  }
}
