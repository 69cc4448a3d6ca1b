// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

/**
 * The last tags of a login, to notice one that comes again: a ring for their order, and a hash
 * table with linear probing for the look-up. Allocates nothing after construction. Not thread-safe.
 */
final class RecentTags {
  /** Spreads tags that differ only in some of their bits (Fibonacci hashing). */
  private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;

  private final long[] ring;

  /** Place in the ring plus 1; 0 is an empty entry. At most half of the entries are in use. */
  private final int[] table;

  private final int mask;
  private final int shift;
  private int next;
  private int size;

  /**
   * Remembers nothing yet.
   *
   * @param capacity tags to remember, a power of two
   */
  RecentTags(int capacity) {
    if (Integer.bitCount(capacity) != 1) {
      throw new IllegalArgumentException("capacity " + capacity + ": give a power of two");
    }
    ring = new long[capacity];
    table = new int[2 * capacity];
    mask = table.length - 1;
    shift = Long.SIZE - Integer.numberOfTrailingZeros(table.length);
  }

  /**
   * Remembers a tag, in the place of the oldest if there are as many as it can hold.
   *
   * @return false if it is remembered already; nothing changes then
   */
  boolean add(long tag) {
    if (table[entryOf(tag)] != 0) {
      return false;
    }
    if (size == ring.length) {
      remove(entryOf(ring[next]));
    } else {
      size++;
    }
    ring[next] = tag;
    table[entryOf(tag)] = next + 1;
    next = (next + 1) & (ring.length - 1);
    return true;
  }

  /** The entry that has the tag, or the empty one where it would go. */
  private int entryOf(long tag) {
    int at = home(tag);
    while (table[at] != 0 && ring[table[at] - 1] != tag) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private int home(long tag) {
    return (int) ((tag * GOLDEN) >>> shift);
  }

  /** Empties an entry and closes the gap, so that no later probe stops at it too early. */
  private void remove(int entry) {
    int gap = entry;
    int at = entry;
    while (true) {
      at = (at + 1) & mask;
      if (table[at] == 0) {
        table[gap] = 0;
        return;
      }
      // It may move into the gap if its home is not between the gap and where it is.
      int home = home(ring[table[at] - 1]);
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        table[gap] = table[at];
        gap = at;
      }
    }
  }
}
