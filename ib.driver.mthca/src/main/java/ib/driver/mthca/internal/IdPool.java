// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.verbs.RdmaException;
import java.util.BitSet;

/** Numbers from 0, given in turn, so that a number is not used again soon. Thread-safe. */
final class IdPool {
  private final String what;
  private final int limit;
  private final BitSet used = new BitSet();
  private int next;

  IdPool(String what, int limit) {
    this.what = what;
    this.limit = limit;
  }

  synchronized int take() throws RdmaException {
    int id = used.nextClearBit(next);
    if (id >= limit) {
      id = used.nextClearBit(0);
    }
    if (id >= limit) {
      throw new RdmaException("all " + limit + " " + what + " are in use; close some first");
    }
    used.set(id);
    next = id + 1;
    return id;
  }

  synchronized void give(int id) {
    used.clear(id);
  }
}
