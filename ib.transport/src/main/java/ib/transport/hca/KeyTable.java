// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Keys of memory regions and windows: the upper 24 bits are an index, drawn at random from those
 * that are free, the lower 8 a tag that begins at random and changes at each registration ({@link
 * KeyTags}), so that an old key does not open what came after and no key tells another. Key 0 is
 * never given. Agent thread only, but for {@link #next}.
 *
 * @param <R> what a key leads to
 */
public final class KeyTable<R> {
  private static final int TAG_BITS = 8;
  private static final int TAG_MASK = 0xFF;
  private static final int FIRST = 64;
  private static final int MAX_INDEX = (1 << 24) - 1;

  private final int endIndex;
  private final RandomGenerator random;
  private final KeyTags tags;
  private @Nullable Object[] regions = new @Nullable Object[FIRST];
  private int[] keys = new int[FIRST];
  private int[] free = new int[FIRST];
  private int freeCount;
  private int nextIndex;

  /**
   * Creates an empty table.
   *
   * @param capacity most regions, below 2<sup>24</sup>
   * @param random gives indices and tags; a {@link java.security.SecureRandom} where peers may be
   *     hostile
   */
  public KeyTable(int capacity, RandomGenerator random) {
    this(1, capacity, random);
  }

  /**
   * Creates an empty table.
   *
   * @param firstIndex smallest index, 1 or more
   * @param capacity most regions
   * @param random as above
   */
  public KeyTable(int firstIndex, int capacity, RandomGenerator random) {
    nextIndex = firstIndex;
    endIndex = Math.min(firstIndex + capacity, MAX_INDEX);
    this.random = random;
    tags = new KeyTags(random);
  }

  /**
   * Adds a region.
   *
   * @param region what the key leads to
   * @return its key, or 0 if the table is full
   */
  public int add(R region) {
    if (freeCount == 0) {
      open();
    }
    if (freeCount == 0) {
      return 0;
    }
    int drawn = random.nextInt(freeCount);
    int index = free[drawn];
    free[drawn] = free[--freeCount];
    regions[index] = region;
    keys[index] = tags.next(keys[index]);
    return keys[index];
  }

  /** Frees the next indices, as many as there are so far: that many to draw from. */
  private void open() {
    int end = Math.min(endIndex, Math.max(FIRST, 2 * nextIndex));
    if (end > regions.length) {
      regions = Arrays.copyOf(regions, end);
      keys = Arrays.copyOf(keys, end);
    }
    for (; nextIndex < end; nextIndex++) {
      keys[nextIndex] = (nextIndex << TAG_BITS) | random.nextInt(TAG_MASK + 1);
      free(nextIndex);
    }
  }

  private void free(int index) {
    if (freeCount == free.length) {
      free = Arrays.copyOf(free, 2 * freeCount);
    }
    free[freeCount++] = index;
  }

  /**
   * The key that a registration gives in the place of one. Any thread.
   *
   * @param key present key
   * @return another of the same index, dead until {@link #replace}
   */
  public int next(int key) {
    return tags.next(key);
  }

  /**
   * Replaces the key of a region: the old one is dead.
   *
   * @param key present key
   * @return the new key
   */
  public int renew(int key) {
    int index = key >>> TAG_BITS;
    keys[index] = tags.next(key);
    return keys[index];
  }

  /**
   * Replaces the key of a region by one that somebody else has drawn: the old one is dead.
   *
   * @param key new key, of the same index
   */
  public void replace(int key) {
    if (findIndex(key) != null) {
      keys[key >>> TAG_BITS] = key;
    }
  }

  /**
   * Removes a region.
   *
   * @param key its present key; any other is ignored
   */
  public void remove(int key) {
    if (find(key) != null) {
      removeIndex(key);
    }
  }

  /**
   * Removes a region, whatever the tag.
   *
   * @param key a key of its index; ignored if that has no region
   */
  public void removeIndex(int key) {
    if (findIndex(key) != null) {
      regions[key >>> TAG_BITS] = null;
      free(key >>> TAG_BITS);
    }
  }

  /** Removes all regions. */
  public void clear() {
    Arrays.fill(regions, null);
    nextIndex = endIndex;
    freeCount = 0;
  }

  /**
   * Finds what a key leads to.
   *
   * @param key any 32 bits
   * @return the region, or null if the key is not alive
   */
  public @Nullable R find(int key) {
    int index = key >>> TAG_BITS;
    return index < keys.length && keys[index] == key ? findIndex(key) : null;
  }

  /**
   * Finds what an index leads to, whatever the tag.
   *
   * @param key any 32 bits
   * @return the region, or null if the index has none
   */
  @SuppressWarnings("unchecked") // only add stores
  public @Nullable R findIndex(int key) {
    int index = key >>> TAG_BITS;
    return index < regions.length ? (R) regions[index] : null;
  }
}
