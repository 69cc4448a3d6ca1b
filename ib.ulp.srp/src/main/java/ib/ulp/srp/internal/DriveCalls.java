// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Has who drives do something, and waits for it, with a bound. For changes of paths; not on the
 * data path.
 */
final class DriveCalls {
  private static final long BOUND_NS = TimeUnit.SECONDS.toNanos(3);

  private static final class Call {
    final Runnable action;
    final Thread caller = Thread.currentThread();
    volatile boolean done;

    Call(Runnable action) {
      this.action = action;
    }
  }

  private final ConcurrentLinkedQueue<Call> queue = new ConcurrentLinkedQueue<>();
  private final DriveToken token;
  private volatile @Nullable Thread owner;

  DriveCalls(DriveToken token) {
    this.token = token;
  }

  /** Names the thread that goes on with what is handed over. */
  void owner(@Nullable Thread thread) {
    owner = thread;
    if (thread == null) {
      token.withoutOwner();
    }
  }

  /**
   * Runs an action where the state is owned.
   *
   * @return false if nobody did it within 3 s: a caller's completion is blocking
   */
  boolean call(Runnable action) {
    Call call = new Call(action);
    queue.add(call);
    token.signal();
    long start = System.nanoTime();
    while (!call.done) {
      takeOver();
      if (System.nanoTime() - start > BOUND_NS) {
        return false;
      }
      if (!call.done) {
        LockSupport.parkNanos(this, 1_000_000);
      }
    }
    return true;
  }

  /** Goes on with what was handed over, on the owner's thread or where there is none. */
  void takeOver() {
    Thread itsOwner = owner;
    if (itsOwner == null || itsOwner.equals(Thread.currentThread())) {
      token.takeOver();
    }
  }

  /** Runs what is queued; by who drives. */
  void run() {
    for (Call call = queue.poll(); call != null; call = queue.poll()) {
      try {
        call.action.run();
      } finally {
        call.done = true;
        LockSupport.unpark(call.caller);
      }
    }
  }
}
