// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * The one thread that owns a target's state. Everything that happens to it comes over a bounded
 * queue; between jobs, and at least every {@link #TICK_MS}, the ticker runs, so that no deadline
 * needs a timer of its own.
 */
final class TargetWorker implements AutoCloseable {
  private static final int QUEUE = 4096;
  private static final long TICK_MS = 50;
  private static final long JOIN_MS = 3000;

  private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Runnable ticker;
  private final BiConsumer<String, Throwable> onError;
  private final Thread thread;
  private volatile boolean running = true;

  TargetWorker(String name, Runnable ticker, BiConsumer<String, Throwable> onError) {
    this.ticker = ticker;
    this.onError = onError;
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Hands over a job; false if the queue is full or the worker has ended. */
  boolean offer(Runnable job) {
    return running && queue.offer(job);
  }

  private void run() {
    long nextTick = System.nanoTime();
    while (running || !queue.isEmpty()) {
      long wait = nextTick - System.nanoTime();
      Runnable job = next(Math.max(0, wait));
      if (job != null) {
        guarded(job);
      }
      if (System.nanoTime() - nextTick >= 0) {
        guarded(ticker);
        nextTick = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TICK_MS);
      }
    }
  }

  private @org.jspecify.annotations.Nullable Runnable next(long waitNs) {
    try {
      return queue.poll(waitNs, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      // Nobody interrupts this thread on purpose; close() ends it through the flag.
      return null;
    }
  }

  /** A job that fails must not end the thread that every login depends on. */
  private void guarded(Runnable job) {
    try {
      job.run();
    } catch (RuntimeException e) {
      onError.accept("a job of " + thread.getName() + " failed", e);
    }
  }

  @Override
  public void close() {
    running = false;
    try {
      thread.join(JOIN_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      onError.accept(
          thread.getName() + " did not end within " + JOIN_MS + " ms",
          new IllegalStateException("still running"));
    }
  }
}
