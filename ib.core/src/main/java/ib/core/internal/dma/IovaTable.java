// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * From a page of bus addresses to the piece that lies there: a table of leaves that are made when
 * an address in them is first used. A piece found may be at rest; its stamp tells. Thread-safe.
 */
final class IovaTable {
  private static final int LEAF_BITS = 9;
  private static final int LEAF = 1 << LEAF_BITS;

  private final AtomicReferenceArray<AtomicReferenceArray<@Nullable Mapping>> leaves;

  IovaTable(int pages) {
    leaves = new AtomicReferenceArray<>((pages + LEAF - 1) >>> LEAF_BITS);
  }

  @Nullable Mapping get(int page) {
    AtomicReferenceArray<@Nullable Mapping> leaf = leaves.getAcquire(page >>> LEAF_BITS);
    return leaf == null ? null : leaf.getAcquire(page & (LEAF - 1));
  }

  /** Writes the piece, or with null nothing, to its pages. */
  void set(int first, int count, @Nullable Mapping piece) {
    int end = first + count;
    for (int page = first; page < end; page++) {
      leaf(page >>> LEAF_BITS).setRelease(page & (LEAF - 1), piece);
    }
  }

  private AtomicReferenceArray<@Nullable Mapping> leaf(int at) {
    AtomicReferenceArray<@Nullable Mapping> leaf = leaves.getAcquire(at);
    if (leaf != null) {
      return leaf;
    }
    AtomicReferenceArray<@Nullable Mapping> fresh = new AtomicReferenceArray<>(LEAF);
    AtomicReferenceArray<@Nullable Mapping> before = leaves.compareAndExchange(at, null, fresh);
    return before == null ? fresh : before;
  }
}
