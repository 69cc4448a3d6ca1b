// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.BusWindow;

/**
 * The pool as one row of bytes: each chunk lies at an offset of its own, so that a device can reach
 * the whole pool at a base and an offset. Thread-safe.
 */
interface PoolSpace {
  /** What {@link #offsetOf} says of memory that is not in the pool. */
  long NOWHERE = -1;

  /**
   * Where a virtual address lies in the pool.
   *
   * @param address virtual address
   * @return offset, aligned as the address is, or {@link #NOWHERE}
   */
  long offsetOf(long address);

  /**
   * Finds live memory.
   *
   * @param offset in the pool
   * @param window set to what is left of the allocation from there
   * @return false if no live allocation is there
   */
  boolean resolveAt(long offset, BusWindow window);

  /** The pool's limit: no offset ever given out was beyond the limit of its time. */
  long limitBytes();
}
