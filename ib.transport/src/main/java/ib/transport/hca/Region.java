// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;

/**
 * A memory region of a device whose tables are objects: rights, state, and where its bytes are.
 * Agent thread only.
 */
public abstract class Region {
  private final Object pd;
  private final boolean fast;
  private int access;
  private boolean valid;
  private int boundWindows;
  private int lkey;
  private int rkey;

  /**
   * Creates a region without keys.
   *
   * @param pd protection domain, compared with {@code equals}
   * @param fast whether it is for fast registration: invalid at first, and can be made invalid by
   *     requests
   * @param access rights of one that is not
   */
  protected Region(Object pd, boolean fast, int access) {
    this.pd = pd;
    this.fast = fast;
    this.access = access;
    valid = !fast;
  }

  /**
   * Whether a range lies inside.
   *
   * @param address first byte
   * @param lengthBytes bytes
   * @return false if any byte lies outside
   */
  protected abstract boolean contains(long address, long lengthBytes);

  /**
   * Resolves the beginning of a range, all of which is checked on the bus; it lies inside.
   *
   * @param address first byte
   * @param lengthBytes bytes, at least 1
   * @param way direction
   * @param window set to the first contiguous run on OK
   * @return OK or the reason
   */
  protected abstract MemoryStatus locate(
      long address, long lengthBytes, DmaAccess way, BusWindow window);

  /**
   * Tells what it opens.
   *
   * @param into set to the range; length 0 for all memory
   */
  protected abstract void range(RemoteRange into);

  /**
   * Takes the place of a registration by work request over the pages that were prepared.
   *
   * @param address by which its first byte will be named
   * @param lengthBytes bytes
   * @return false if no pages of that length were prepared
   */
  protected abstract boolean place(long address, long lengthBytes);

  final boolean isOf(Object domain) {
    return pd.equals(domain);
  }

  final boolean admits(int need) {
    return (access & need) == need;
  }

  final boolean canBeInvalidated() {
    return fast && valid && boundWindows == 0;
  }

  /**
   * Whether its keys open something.
   *
   * @return false before registration and after invalidation
   */
  public final boolean isValid() {
    return valid;
  }

  /**
   * Whether it is for fast registration.
   *
   * @return as made
   */
  public final boolean isFast() {
    return fast;
  }

  /**
   * Windows bound to it.
   *
   * @return count
   */
  public final int boundWindows() {
    return boundWindows;
  }

  final void countWindow(int n) {
    boundWindows += n;
  }

  final void setValid(boolean now, int rights) {
    valid = now;
    access = rights;
  }

  /**
   * Present local key.
   *
   * @return key
   */
  public final int lkey() {
    return lkey;
  }

  /**
   * Present remote key.
   *
   * @return key
   */
  public final int rkey() {
    return rkey;
  }

  final void setKeys(int local, int remote) {
    lkey = local;
    rkey = remote;
  }
}
