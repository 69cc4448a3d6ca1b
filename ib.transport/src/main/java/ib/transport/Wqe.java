// SPDX-License-Identifier: Apache-2.0
package ib.transport;

/**
 * The part of a decoded work queue entry that sends and receives share: cookie and scatter-gather
 * elements. Owned by the engine, filled by the hardware model from the bytes it read through its
 * bus. Reused; not thread-safe.
 */
public abstract sealed class Wqe permits SendWqe, RecvWqe {
  /** Most elements. */
  public static final int MAX_SGE = 32;

  private final long[] address = new long[MAX_SGE];
  private final int[] length = new int[MAX_SGE];
  private final int[] lkey = new int[MAX_SGE];
  private int sgeCount;
  private long totalBytes;
  private long cookie;

  Wqe() {}

  /** Removes all elements. */
  public final void clearSges() {
    sgeCount = 0;
    totalBytes = 0;
  }

  /**
   * Appends an element.
   *
   * @param addr address in the meaning of the region
   * @param lengthBytes 0 or more
   * @param key lkey
   * @return false if the list is full or the length negative: the entry is malformed
   */
  public final boolean addSge(long addr, int lengthBytes, int key) {
    if (sgeCount == MAX_SGE || lengthBytes < 0) {
      return false;
    }
    address[sgeCount] = addr;
    length[sgeCount] = lengthBytes;
    lkey[sgeCount] = key;
    sgeCount++;
    totalBytes += lengthBytes;
    return true;
  }

  /**
   * Number of elements.
   *
   * @return 0 to {@link #MAX_SGE}
   */
  public final int sgeCount() {
    return sgeCount;
  }

  /**
   * Address of an element.
   *
   * @param i index
   * @return address
   */
  public final long address(int i) {
    return address[i];
  }

  /**
   * Length of an element.
   *
   * @param i index
   * @return bytes
   */
  public final int length(int i) {
    return length[i];
  }

  /**
   * Key of an element.
   *
   * @param i index
   * @return lkey
   */
  public final int lkey(int i) {
    return lkey[i];
  }

  /**
   * Sum of the lengths.
   *
   * @return bytes
   */
  public final long totalBytes() {
    return totalBytes;
  }

  /** For inline data, which takes the place of the elements. */
  final void setTotalBytes(int bytes) {
    totalBytes = bytes;
  }

  /**
   * The hardware model's cookie, e.g. the index of the entry in its ring; comes back with the
   * completion.
   *
   * @return cookie
   */
  public final long cookie() {
    return cookie;
  }

  /**
   * Sets the cookie.
   *
   * @param value comes back with the completion
   */
  public final void setCookie(long value) {
    cookie = value;
  }
}
