// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Pieces that are unmapped but still in the device's reach: at most {@link #ENTRIES}, with at most
 * a given number of pages, for at most {@link #LONGEST_MS}. Thread-safe.
 */
final class FlushQueue implements AutoCloseable {
  static final int ENTRIES = 256;

  /** Bound of the wait, given that the flushing thread gets to run. */
  static final long LONGEST_MS = 10;

  /** Two rounds of the flushing thread fit in the bound. */
  private static final long ROUND_NS = TimeUnit.MILLISECONDS.toNanos(LONGEST_MS) / 2;

  private final Consumer<Mapping> tearDown;
  private final int mostPages;
  private final Thread flusher;
  private final Object lock = new Object();
  private final AtomicBoolean draining = new AtomicBoolean();
  private @Nullable Mapping[] waiting = new Mapping[ENTRIES];
  private @Nullable Mapping[] batch = new Mapping[ENTRIES];
  private volatile int count;

  /** What a flush has taken out but not yet from the device; it counts for the bound. */
  private int leaving;

  /** Pages of what is in, and of what is {@link #leaving}. */
  private int pages;

  private volatile boolean closed;
  private volatile boolean asleep;

  /**
   * Creates an empty queue and starts its thread.
   *
   * @param name of the thread
   * @param mostPages how many pages of addresses may wait, so that they starve no map
   * @param tearDown takes a piece from the device for good
   */
  FlushQueue(String name, int mostPages, Consumer<Mapping> tearDown) {
    this.tearDown = tearDown;
    this.mostPages = mostPages;
    this.flusher = Thread.ofPlatform().daemon().name(name).start(this::run);
  }

  /** Puts a lingering piece in. False if there is no room or an end: then it is to go at once. */
  boolean add(Mapping piece) {
    boolean added;
    boolean full;
    synchronized (lock) {
      boolean fits = pages + piece.pageCount <= mostPages;
      added = !closed && count + leaving < ENTRIES && fits;
      if (added) {
        waiting[count] = piece;
        count = count + 1;
        pages += piece.pageCount;
      }
      full = count == ENTRIES || (count > 0 && !fits);
    }
    if (full) {
      flush();
    } else if (asleep) {
      LockSupport.unpark(flusher);
    }
    return added;
  }

  /** Takes everything from the device that was put in before; false if somebody else does so. */
  private boolean flush() {
    if (!draining.compareAndSet(false, true)) {
      return false;
    }
    try {
      int n;
      @Nullable Mapping[] taken;
      synchronized (lock) {
        n = count;
        taken = waiting;
        waiting = batch;
        batch = taken;
        count = 0;
        leaving = n;
      }
      int left = 0;
      for (int i = 0; i < n; i++) {
        Mapping piece = taken[i];
        taken[i] = null;
        if (piece != null) {
          left += piece.pageCount; // once torn down it may be somebody else's
          tearDown.accept(piece);
        }
      }
      synchronized (lock) {
        leaving = 0;
        pages -= left;
      }
      return true;
    } finally {
      draining.set(false);
    }
  }

  /** Returns when everything that was put in before is out of the device's reach. */
  void flushAll() {
    while (!flush()) {
      Thread.onSpinWait();
    }
  }

  private void run() {
    while (!closed) {
      if (count == 0) {
        asleep = true;
        if (count == 0 && !closed) {
          LockSupport.park(this);
        }
        asleep = false;
      } else {
        LockSupport.parkNanos(this, ROUND_NS);
        flush();
      }
    }
  }

  /** Ends the thread; what is put in from now on is refused. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
    }
    LockSupport.unpark(flusher);
    flushAll();
  }
}
