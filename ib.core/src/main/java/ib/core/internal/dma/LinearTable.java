// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Live pieces by the page of their address, where several may begin on one page or at one address.
 * A hash table of chains, each with a spin lock that is held for a walk along its chain.
 * Thread-safe.
 */
final class LinearTable {
  private static final int BUCKETS = 1 << 14;
  private static final int SPINS = 64;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final AtomicReferenceArray<@Nullable Mapping> heads = new AtomicReferenceArray<>(BUCKETS);
  private final AtomicIntegerArray locks = new AtomicIntegerArray(BUCKETS);

  static int bucket(long address) {
    return (int) (((address >>> 12) * GOLDEN) >>> (Long.SIZE - 14));
  }

  void lock(int bucket) {
    int spins = 0;
    while (!locks.compareAndSet(bucket, 0, 1)) {
      if (++spins < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, 1_000); // whoever holds it may have no core
      }
    }
  }

  void unlock(int bucket) {
    locks.setRelease(bucket, 0);
  }

  /** First piece of a chain; only under its lock. */
  @Nullable Mapping head(int bucket) {
    return heads.getPlain(bucket);
  }

  /** Puts a piece in. */
  void add(Mapping piece) {
    int bucket = bucket(piece.address);
    lock(bucket);
    piece.nextInBucket = heads.getPlain(bucket);
    heads.setPlain(bucket, piece);
    unlock(bucket);
  }

  /** Takes a piece out that was put in. */
  void remove(Mapping piece) {
    int bucket = bucket(piece.address);
    lock(bucket);
    unlink(bucket, piece);
    unlock(bucket);
  }

  /** Takes a piece out; only under the lock of its chain. */
  void unlink(int bucket, Mapping piece) {
    Mapping before = heads.getPlain(bucket);
    if (before == piece) {
      heads.setPlain(bucket, piece.nextInBucket);
    } else {
      while (before != null && before.nextInBucket != piece) {
        before = before.nextInBucket;
      }
      if (before != null) {
        before.nextInBucket = piece.nextInBucket;
      }
    }
    piece.nextInBucket = null;
  }
}
