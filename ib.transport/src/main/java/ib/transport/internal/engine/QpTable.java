// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import org.jspecify.annotations.Nullable;

/** Queue pairs by number: open addressing, linear probing, at most half full. */
final class QpTable {
  private static final int FIRST_SIZE = 64;
  private static final int GOLDEN = 0x9E37_79B9;

  private @Nullable EngineQp[] slots = new EngineQp[FIRST_SIZE];
  private int count;

  @Nullable EngineQp get(int qpn) {
    int mask = slots.length - 1;
    for (int i = home(qpn, mask); ; i = (i + 1) & mask) {
      EngineQp qp = slots[i];
      if (qp == null || qp.qpn() == qpn) {
        return qp;
      }
    }
  }

  /** Adds a queue pair whose number is not in the table. */
  void put(EngineQp qp) {
    if (2 * (count + 1) > slots.length) {
      grow();
    }
    insert(qp);
    count++;
  }

  private void insert(EngineQp qp) {
    int mask = slots.length - 1;
    int i = home(qp.qpn(), mask);
    while (slots[i] != null) {
      i = (i + 1) & mask;
    }
    slots[i] = qp;
  }

  private void grow() {
    @Nullable EngineQp[] old = slots;
    slots = new EngineQp[2 * old.length];
    for (EngineQp qp : old) {
      if (qp != null) {
        insert(qp);
      }
    }
  }

  void remove(int qpn) {
    int mask = slots.length - 1;
    int i = home(qpn, mask);
    for (EngineQp qp = slots[i]; qp == null || qp.qpn() != qpn; qp = slots[i]) {
      if (qp == null) {
        return;
      }
      i = (i + 1) & mask;
    }
    slots[i] = null;
    count--;
    // What was pushed past the freed slot comes nearer to its home again.
    for (int j = (i + 1) & mask; ; j = (j + 1) & mask) {
      EngineQp moved = slots[j];
      if (moved == null) {
        return;
      }
      slots[j] = null;
      insert(moved);
    }
  }

  /** All slots, for a scan; null where empty. */
  @Nullable EngineQp[] slots() {
    return slots;
  }

  int count() {
    return count;
  }

  private static int home(int qpn, int mask) {
    return ((qpn * GOLDEN) >>> 8) & mask;
  }
}
