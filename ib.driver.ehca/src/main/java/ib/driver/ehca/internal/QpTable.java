// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Queue pairs by number: found on every completion by any polling thread without a lock, changed
 * seldom.
 */
final class QpTable {
  /** One state of the table, never changed. */
  private static final class Sorted {
    final int[] numbers;
    final EhcaQp[] qps;

    Sorted(int[] numbers, EhcaQp[] qps) {
      this.numbers = numbers;
      this.qps = qps;
    }
  }

  private final Map<Integer, EhcaQp> all = new HashMap<>();
  private volatile Sorted sorted = new Sorted(new int[0], new EhcaQp[0]);

  synchronized void add(EhcaQp qp) {
    all.put(qp.qpn(), qp);
    sort();
  }

  synchronized void remove(EhcaQp qp) {
    all.remove(qp.qpn(), qp);
    sort();
  }

  private void sort() {
    int[] numbers = all.keySet().stream().mapToInt(Integer::intValue).sorted().toArray();
    EhcaQp[] qps = Arrays.stream(numbers).mapToObj(all::get).toArray(EhcaQp[]::new);
    sorted = new Sorted(numbers, qps);
  }

  @Nullable EhcaQp find(int qpn) {
    Sorted now = sorted;
    int at = Arrays.binarySearch(now.numbers, qpn);
    return at < 0 ? null : now.qps[at];
  }
}
