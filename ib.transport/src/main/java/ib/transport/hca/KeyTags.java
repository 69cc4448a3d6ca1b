// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import java.util.random.RandomGenerator;

/**
 * The tag of a key, its lower 8 bits: one random cycle through all 256. So an old key opens nothing
 * until its index has had 255 other ones, and knowing a key does not tell the next. Immutable.
 */
public final class KeyTags {
  private static final int COUNT = 256;
  private static final int MASK = COUNT - 1;

  private final byte[] after = new byte[COUNT];

  /**
   * Draws the cycle.
   *
   * @param random where from
   */
  public KeyTags(RandomGenerator random) {
    int[] order = new int[COUNT];
    for (int i = 1; i < COUNT; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int i = 0; i < COUNT; i++) {
      after[order[i]] = (byte) order[(i + 1) & MASK];
    }
  }

  /**
   * The key that replaces one.
   *
   * @param key any
   * @return the same index, the next tag
   */
  public int next(int key) {
    return (key & ~MASK) | (after[key & MASK] & MASK);
  }
}
