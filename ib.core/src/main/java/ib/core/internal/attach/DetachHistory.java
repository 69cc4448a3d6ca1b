// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.verbs.DetachRecord;
import java.util.ArrayDeque;
import java.util.List;

/** The latest detaches, and sums over all of them. Thread-safe. */
final class DetachHistory {
  static final int KEPT = 256;

  private final ArrayDeque<DetachRecord> latest = new ArrayDeque<>();
  private long count;
  private long leftOver;

  synchronized void add(DetachRecord detach) {
    if (latest.size() == KEPT) {
      latest.removeFirst();
    }
    latest.addLast(detach);
    count++;
    leftOver += detach.leftOver();
  }

  synchronized List<DetachRecord> latest() {
    return List.copyOf(latest);
  }

  synchronized long count() {
    return count;
  }

  synchronized long leftOver() {
    return leftOver;
  }
}
