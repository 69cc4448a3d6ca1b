// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import org.jspecify.annotations.Nullable;

/** Queue pairs that wait for their turn to send, each at most once; linked through themselves. */
final class ReadyQueue {
  private @Nullable EngineQp first;
  private @Nullable EngineQp last;

  void addLast(EngineQp qp) {
    if (qp.queued) {
      return;
    }
    qp.queued = true;
    qp.nextReady = null;
    if (last == null) {
      first = qp;
    } else {
      last.nextReady = qp;
    }
    last = qp;
  }

  void addFirst(EngineQp qp) {
    if (qp.queued) {
      return;
    }
    qp.queued = true;
    qp.nextReady = first;
    first = qp;
    if (last == null) {
      last = qp;
    }
  }

  @Nullable EngineQp poll() {
    EngineQp qp = first;
    if (qp != null) {
      first = qp.nextReady;
      if (first == null) {
        last = null;
      }
      qp.nextReady = null;
      qp.queued = false;
    }
    return qp;
  }

  boolean isEmpty() {
    return first == null;
  }
}
