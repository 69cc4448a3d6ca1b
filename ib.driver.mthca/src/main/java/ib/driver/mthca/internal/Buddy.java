// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.verbs.RdmaException;
import java.util.BitSet;

/**
 * Ranges of table entries, powers of two, aligned to their size: the buddy system, as mthca has it
 * for its translation table. Thread-safe.
 */
final class Buddy {
  private final String what;
  private final int maxOrder;
  private final BitSet[] free;

  /**
   * Creates an allocator with everything free.
   *
   * @param what for messages
   * @param entries a power of two
   */
  Buddy(String what, int entries) {
    this.what = what;
    maxOrder = Be.log2(entries);
    free = new BitSet[maxOrder + 1];
    for (int order = 0; order <= maxOrder; order++) {
      free[order] = new BitSet();
    }
    free[maxOrder].set(0);
  }

  /** Takes a range of at least so many entries; gives its first. */
  synchronized int take(int count) throws RdmaException {
    int wanted = order(count);
    int order = wanted;
    while (order <= maxOrder && free[order].isEmpty()) {
      order++;
    }
    if (order > maxOrder) {
      throw new RdmaException(
          "no room for " + count + " " + what + "; close some regions or queues");
    }
    int block = free[order].nextSetBit(0);
    free[order].clear(block);
    while (order > wanted) {
      order--;
      block <<= 1;
      free[order].set(block + 1);
    }
    return block << wanted;
  }

  /** Gives a range back. */
  synchronized void give(int first, int count) {
    int order = order(count);
    int block = first >>> order;
    while (order < maxOrder && free[order].get(block ^ 1)) {
      free[order].clear(block ^ 1);
      block >>>= 1;
      order++;
    }
    free[order].set(block);
  }

  private static int order(int count) {
    return Be.log2(Be.powerOfTwo(count));
  }
}
