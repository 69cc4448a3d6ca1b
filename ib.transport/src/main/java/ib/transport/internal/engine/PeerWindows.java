// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.util.HashMap;
import java.util.Map;

/** One {@link Window} for each peer that a connected queue pair has. */
final class PeerWindows {
  private record Gid(long high, long low) {}

  private final Map<Gid, Window> windows = new HashMap<>();
  private final ReadyQueue ready;
  private final int limit;

  PeerWindows(ReadyQueue ready, int limit) {
    this.ready = ready;
    this.limit = limit;
  }

  Window join(long high, long low) {
    Window window = windows.computeIfAbsent(new Gid(high, low), gid -> new Window(ready, limit));
    window.addUser(1);
    return window;
  }

  void leave(long high, long low, Window window) {
    if (window.addUser(-1) == 0) {
      windows.remove(new Gid(high, low));
    }
  }

  /** Packets on their way to all peers. */
  int used() {
    int sum = 0;
    for (Window window : windows.values()) {
      sum += window.used();
    }
    return sum;
  }
}
