// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Runs tasks one after the other on threads of an executor. Submitting never blocks. */
final class SerialQueue {
  private final Executor executor;
  private final Reporter reporter;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean running;

  SerialQueue(Executor executor, Reporter reporter) {
    this.executor = executor;
    this.reporter = reporter;
  }

  void submit(Runnable task) {
    synchronized (this) {
      waiting.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    executor.execute(this::drain);
  }

  private void drain() {
    for (Runnable task = next(); task != null; task = next()) {
      try {
        task.run();
      } catch (RuntimeException | Error e) {
        // One bad task must not stop those behind it.
        reporter.warn("a task of core failed", e);
      }
    }
  }

  private synchronized @Nullable Runnable next() {
    Runnable task = waiting.poll();
    running = task != null;
    return task;
  }
}
