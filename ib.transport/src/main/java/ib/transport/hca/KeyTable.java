// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Keys of memory regions: the upper 24 bits are an index, the lower 8 a tag that begins at random
 * and changes at each registration, so that an old key does not open what came after. Key 0 is
 * never given. Agent thread only.
 *
 * @param <R> what a key leads to
 */
public final class KeyTable<R> {
  private static final int TAG_BITS = 8;
  private static final int TAG_MASK = 0xFF;
  private static final int FIRST = 64;

  private final int capacity;
  private final RandomGenerator random;
  private @Nullable Object[] regions = new @Nullable Object[FIRST];
  private int[] keys = new int[FIRST];
  private int[] free = new int[FIRST];
  private int freeCount;
  private int nextIndex = 1;

  /**
   * Creates an empty table.
   *
   * @param capacity most regions, below 2<sup>24</sup>
   * @param random gives the first tag of an index
   */
  public KeyTable(int capacity, RandomGenerator random) {
    this.capacity = Math.min(capacity, (1 << 24) - 2);
    this.random = random;
  }

  /**
   * Adds a region.
   *
   * @param region what the key leads to
   * @return its key, or 0 if the table is full
   */
  public int add(R region) {
    int index;
    if (freeCount > 0) {
      index = free[--freeCount];
    } else if (nextIndex <= capacity) {
      index = nextIndex++;
      ensureRoom(index);
      keys[index] = random.nextInt(TAG_MASK + 1);
    } else {
      return 0;
    }
    regions[index] = region;
    keys[index] = (index << TAG_BITS) | ((keys[index] + 1) & TAG_MASK);
    return keys[index];
  }

  /**
   * Replaces the key of a region: the old one is dead.
   *
   * @param key present key
   * @return the new key
   */
  public int renew(int key) {
    int index = key >>> TAG_BITS;
    keys[index] = (index << TAG_BITS) | ((key + 1) & TAG_MASK);
    return keys[index];
  }

  /**
   * Removes a region.
   *
   * @param key its present key; any other is ignored
   */
  public void remove(int key) {
    if (find(key) == null) {
      return;
    }
    int index = key >>> TAG_BITS;
    regions[index] = null;
    if (freeCount == free.length) {
      free = Arrays.copyOf(free, 2 * freeCount);
    }
    free[freeCount++] = index;
  }

  /** Removes all regions. */
  public void clear() {
    Arrays.fill(regions, null);
    nextIndex = capacity + 1;
    freeCount = 0;
  }

  /**
   * Finds what a key leads to.
   *
   * @param key any 32 bits
   * @return the region, or null if the key is not alive
   */
  @SuppressWarnings("unchecked") // only add stores
  public @Nullable R find(int key) {
    int index = key >>> TAG_BITS;
    if (index >= regions.length || keys[index] != key) {
      return null;
    }
    return (R) regions[index];
  }

  private void ensureRoom(int index) {
    if (index >= regions.length) {
      int n = 2 * regions.length;
      regions = Arrays.copyOf(regions, n);
      keys = Arrays.copyOf(keys, n);
    }
  }
}
