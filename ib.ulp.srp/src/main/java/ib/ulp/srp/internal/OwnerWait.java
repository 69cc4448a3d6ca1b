// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.function.BooleanSupplier;

/** How the disk's own thread waits: its other duties go on meanwhile. */
interface OwnerWait {
  /**
   * Waits on the disk's own thread.
   *
   * @return false if the bound passed first, or the disk stops
   */
  boolean await(BooleanSupplier condition, long boundNs);

  /** Has it look again; any thread. */
  void wake();
}
