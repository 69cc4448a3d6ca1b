// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * Scatter-gather elements of a work request ({@code struct ibv_sge}), reusable. Not thread-safe.
 */
public final class SgeList {
  /** Most elements. */
  public static final int MAX_SGE = 32;

  private final long[] address = new long[MAX_SGE];
  private final int[] length = new int[MAX_SGE];
  private final int[] lkey = new int[MAX_SGE];
  private int count;

  /** Creates an empty list. */
  public SgeList() {}

  /**
   * Appends an element.
   *
   * @param dmaAddress address in the meaning of the region: a DMA address for the all-memory region
   * @param lengthBytes 0 or more
   * @param key lkey of the region
   * @throws IllegalArgumentException if full or the length is negative
   */
  public void add(long dmaAddress, int lengthBytes, int key) {
    if (count == MAX_SGE || lengthBytes < 0) {
      throw new IllegalArgumentException(
          "element "
              + count
              + " of "
              + lengthBytes
              + " bytes: at most "
              + MAX_SGE
              + " elements, none negative");
    }
    address[count] = dmaAddress;
    length[count] = lengthBytes;
    lkey[count] = key;
    count++;
  }

  /** Empties the list. */
  public void clear() {
    count = 0;
  }

  /**
   * Number of elements.
   *
   * @return 0 to {@link #MAX_SGE}
   */
  public int count() {
    return count;
  }

  /**
   * Address of an element.
   *
   * @param i index
   * @return address
   */
  public long address(int i) {
    return address[i];
  }

  /**
   * Length of an element.
   *
   * @param i index
   * @return bytes
   */
  public int length(int i) {
    return length[i];
  }

  /**
   * Local key of an element.
   *
   * @param i index
   * @return lkey
   */
  public int lkey(int i) {
    return lkey[i];
  }

  /**
   * Sum of the lengths.
   *
   * @return bytes
   */
  public long totalBytes() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += length[i];
    }
    return sum;
  }
}
