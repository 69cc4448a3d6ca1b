// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Packets in flight toward one receive buffer, shared by the queue pairs that fill it. A queue pair
 * with nothing in flight may go over the limit, up to twice as much, so that it need not wait for
 * others whose peer is slow or dead.
 */
final class Window {
  private final ReadyQueue ready;
  private final int limit;
  private final List<EngineQp> waiting = new ArrayList<>();
  private int used;
  private int users;

  Window(ReadyQueue ready, int limit) {
    this.ready = ready;
    this.limit = limit;
  }

  /** Whether {@code packets} more may go, for a queue pair that has {@code own} in flight. */
  boolean admits(int packets, int own) {
    int most = own == 0 ? 2 * limit : limit;
    return used == 0 || used + packets <= most;
  }

  void take(int packets) {
    used += packets;
  }

  void give(int packets) {
    used -= packets;
    if (packets > 0 && !waiting.isEmpty()) {
      for (int i = 0; i < waiting.size(); i++) {
        ready.addLast(waiting.get(i));
      }
      waiting.clear();
    }
  }

  /** Gives a queue pair a turn when there may be room. */
  void await(EngineQp qp) {
    if (!waiting.contains(qp)) {
      waiting.add(qp);
    }
  }

  void forget(EngineQp qp) {
    waiting.remove(qp);
  }

  int limit() {
    return limit;
  }

  int used() {
    return used;
  }

  /** Counts the queue pairs that share this window. */
  int addUser(int n) {
    users += n;
    return users;
  }
}
