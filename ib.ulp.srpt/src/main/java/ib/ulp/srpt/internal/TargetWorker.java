// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The thread that works for a target, and the right to touch the target's state. Work comes over a
 * bounded queue; between jobs, and at least every {@link #TICK_MS}, the ticker runs, so that no
 * deadline needs a timer of its own.
 *
 * <p>The state belongs to whoever holds the turn: the worker during a job, a lifecycle callback
 * during {@link #call}. The worker gives its turn away while it waits for a medium ({@link
 * #leave}), so that a device can be left however slow a disk is.
 */
final class TargetWorker implements AutoCloseable {
  private static final int QUEUE = 4096;
  private static final long TICK_MS = 50;
  private static final long JOIN_MS = 1500;

  private final BlockingQueue<Runnable> queue = new ArrayBlockingQueue<>(QUEUE);

  /** Fair: a callback that waits for its turn gets it after the job that runs, however busy. */
  private final ReentrantLock turn = new ReentrantLock(true);

  private final Runnable ticker;
  private final Runnable atEnd;
  private final BiConsumer<String, Throwable> onError;
  private final Thread thread;
  private volatile boolean running = true;

  /**
   * Starts the thread.
   *
   * @param ticker runs between jobs
   * @param atEnd runs last, when no job can follow
   * @param onError told of jobs that failed
   */
  TargetWorker(
      String name, Runnable ticker, Runnable atEnd, BiConsumer<String, Throwable> onError) {
    this.ticker = ticker;
    this.atEnd = atEnd;
    this.onError = onError;
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Hands over a job; false if the queue is full or the worker has ended. */
  boolean offer(Runnable job) {
    return running && queue.offer(job);
  }

  /**
   * Runs a short job on the caller's thread as soon as it is its turn; false, and nothing done, if
   * that takes longer than the bound.
   */
  boolean call(Runnable job, long timeoutMs) {
    boolean mine = false;
    try {
      mine = turn.tryLock(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      mine = turn.tryLock();
    }
    if (mine) {
      try {
        job.run();
      } finally {
        turn.unlock();
      }
    }
    return mine;
  }

  /** Gives the turn away before waiting for a medium; {@link #enter} takes it back. */
  void leave() {
    turn.unlock();
  }

  void enter() {
    turn.lock();
  }

  private void run() {
    long nextTick = System.nanoTime();
    while (running || !queue.isEmpty()) {
      Runnable job = next(Math.max(0, nextTick - System.nanoTime()));
      if (job != null) {
        guarded(job);
      }
      if (System.nanoTime() - nextTick >= 0) {
        guarded(ticker);
        nextTick = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TICK_MS);
      }
    }
    guarded(atEnd);
  }

  private @Nullable Runnable next(long waitNs) {
    try {
      return queue.poll(waitNs, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      // Nobody interrupts this thread on purpose; close() ends it through the flag.
      return null;
    }
  }

  /** A job that fails must not end the thread that every login depends on. */
  private void guarded(Runnable job) {
    turn.lock();
    try {
      job.run();
    } catch (RuntimeException | Error e) {
      onError.accept("a job of " + thread.getName() + " failed", e);
    } finally {
      turn.unlock();
    }
  }

  /** Ends the thread after the jobs that are queued; waits for it within a bound. */
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
          thread.getName() + " still waits for a medium after " + JOIN_MS + " ms; it ends with it",
          new IllegalStateException("still running"));
    }
  }
}
