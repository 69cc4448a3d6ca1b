// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Queue pairs by number. Looking up takes no lock and allocates nothing; any thread. Changes copy;
 * one at a time. Driver and hardware have one each.
 *
 * @param <Q> kind of queue pair
 */
public final class QpnTable<Q> {
  /** One state of the table. */
  private static final class Slots {
    final int[] qpns;
    final @Nullable Object[] qps;
    final int used;

    Slots(int[] qpns, @Nullable Object[] qps, int used) {
      this.qpns = qpns;
      this.qps = qps;
      this.used = used;
    }
  }

  private volatile Slots slots = new Slots(new int[4], new @Nullable Object[4], 0);

  /** Makes an empty table. */
  public QpnTable() {}

  /** Finds a queue pair, or null. */
  @SuppressWarnings("unchecked") // only put stores
  public @Nullable Q get(int qpn) {
    Slots now = slots;
    int mask = now.qpns.length - 1;
    for (int i = home(qpn, mask); now.qps[i] != null; i = (i + 1) & mask) {
      if (now.qpns[i] == qpn) {
        return (Q) now.qps[i];
      }
    }
    return null;
  }

  /** Adds a queue pair whose number is not there. */
  public synchronized void put(int qpn, Q qp) {
    Slots now = slots;
    slots = rebuilt(now, -1, 4 * (now.used + 1) > 3 * now.qpns.length ? 2 : 1, qpn, qp);
  }

  /** Removes a queue pair. */
  public synchronized void remove(int qpn) {
    if (get(qpn) != null) {
      slots = rebuilt(slots, qpn, 1, 0, null);
    }
  }

  /** A copy of all. */
  @SuppressWarnings("unchecked") // only put stores
  public List<Q> all() {
    return (List<Q>) (List<?>) Arrays.stream(slots.qps).filter(Objects::nonNull).toList();
  }

  private static Slots rebuilt(
      Slots old, int without, int growth, int newQpn, @Nullable Object newQp) {
    int size = old.qpns.length * growth;
    int[] qpns = new int[size];
    @Nullable Object[] qps = new @Nullable Object[size];
    int used = 0;
    for (int i = 0; i < old.qpns.length; i++) {
      Object qp = old.qps[i];
      if (qp != null && old.qpns[i] != without) {
        insert(qpns, qps, old.qpns[i], qp);
        used++;
      }
    }
    if (newQp != null) {
      insert(qpns, qps, newQpn, newQp);
      used++;
    }
    return new Slots(qpns, qps, used);
  }

  private static void insert(int[] qpns, @Nullable Object[] qps, int qpn, Object qp) {
    int mask = qpns.length - 1;
    int i = home(qpn, mask);
    while (qps[i] != null) {
      i = (i + 1) & mask;
    }
    qpns[i] = qpn;
    qps[i] = qp;
  }

  private static int home(int qpn, int mask) {
    return ((qpn * 0x9E3779B1) >>> 8) & mask;
  }
}
