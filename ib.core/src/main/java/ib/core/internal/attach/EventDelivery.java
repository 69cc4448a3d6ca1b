// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import ib.verbs.AsyncEvent;
import ib.verbs.AsyncEventHandler;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Brings events to the handler of one owner, in order, on a thread of core. Adding never blocks: a
 * handler that does not keep up loses the newest events, which is reported. Thread-safe.
 */
final class EventDelivery {
  /** Events that wait at most: more than one for each object of a busy owner. */
  private static final int MOST_WAITING = 4096;

  private final Executor executor;
  private final Reporter reporter;
  private final Queue<AsyncEvent> waiting = new ArrayDeque<>();
  private boolean running;
  private boolean overran;
  private @Nullable AsyncEventHandler handler;

  EventDelivery(Executor executor, Reporter reporter) {
    this.executor = executor;
    this.reporter = reporter;
  }

  /** Sets who is told from now on; without one events are dropped. */
  synchronized void setHandler(@Nullable AsyncEventHandler newHandler) {
    handler = newHandler;
    if (newHandler == null) {
      waiting.clear();
    }
  }

  /** Any thread. */
  void add(AsyncEvent event) {
    boolean first = false;
    synchronized (this) {
      if (handler == null) {
        return;
      }
      if (waiting.size() == MOST_WAITING) {
        first = !overran;
        overran = true;
      } else {
        waiting.add(event);
      }
      if (running && !first) {
        return;
      }
      if (!running) {
        running = true;
        executor.execute(this::drain);
      }
    }
    if (first) {
      reporter.warn("an asynchronous event handler does not keep up; lost " + event, null);
    }
  }

  private void drain() {
    while (true) {
      AsyncEvent event;
      AsyncEventHandler to;
      synchronized (this) {
        event = waiting.poll();
        to = handler;
        if (event == null || to == null) {
          running = false;
          overran = false;
          return;
        }
      }
      try {
        to.onAsyncEvent(event);
      } catch (RuntimeException | Error e) {
        reporter.warn("an asynchronous event handler failed on " + event, e);
      }
    }
  }
}
