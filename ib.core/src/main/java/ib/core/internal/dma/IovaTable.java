// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * From a page of bus addresses to the piece that lies there: a table of leaves that are made when
 * an address in them is first used. A piece found may be at rest; its stamp tells. Thread-safe.
 */
final class IovaTable {
  private static final int LEAF_BITS = 9;
  private static final int LEAF = 1 << LEAF_BITS;

  private static final VarHandle LEAVES = MethodHandles.arrayElementVarHandle(Mapping[][].class);
  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(Mapping[].class);

  /** Read plainly: whoever finds a piece goes by its stamp. */
  private final @Nullable Mapping[] @Nullable [] leaves;

  IovaTable(int pages) {
    leaves = new @Nullable Mapping[(pages + LEAF - 1) >>> LEAF_BITS][];
  }

  @Nullable Mapping get(int page) {
    @Nullable Mapping[] leaf = leaves[page >>> LEAF_BITS];
    return leaf == null ? null : leaf[page & (LEAF - 1)];
  }

  /** Writes the piece, or with null nothing, to its pages. */
  void set(int first, int count, @Nullable Mapping piece) {
    int end = first + count;
    for (int page = first; page < end; page++) {
      ENTRY.setRelease(leaf(page >>> LEAF_BITS), page & (LEAF - 1), piece);
    }
  }

  private @Nullable Mapping[] leaf(int at) {
    @Nullable Mapping[] leaf = leaves[at];
    if (leaf != null) {
      return leaf;
    }
    LEAVES.compareAndSet(leaves, at, null, new @Nullable Mapping[LEAF]);
    return Objects.requireNonNull((@Nullable Mapping[]) LEAVES.getAcquire(leaves, at));
  }
}
