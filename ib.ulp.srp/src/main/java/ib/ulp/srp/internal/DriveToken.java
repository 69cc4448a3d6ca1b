// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs a step on whatever thread has something for it, one thread at a time and without waiting:
 * who finds it running leaves a note and goes on, and the runner then runs it once more. So the
 * state that the step touches has one owner at any time, and no lock.
 *
 * <p>A caller is not kept for ever by the work of others: after a number of rounds the run is
 * handed over to a thread that has the time.
 */
final class DriveToken {
  private static final int IDLE = 0;
  private static final int RUNNING = 1;
  private static final int AGAIN = 2;
  private static final int ROUNDS = 64;

  private final AtomicInteger state = new AtomicInteger(IDLE);
  private final Runnable step;
  private final Runnable wakeOwner;
  private volatile boolean alone;
  private final AtomicBoolean handedOver = new AtomicBoolean();

  /**
   * Creates the token.
   *
   * @param step never throws
   * @param wakeOwner makes the owner's thread call {@link #takeOver} soon
   */
  DriveToken(Runnable step, Runnable wakeOwner) {
    this.step = step;
    this.wakeOwner = wakeOwner;
  }

  /**
   * Has the step run after this call began: now on this thread, or soon on the one that runs it.
   */
  void signal() {
    while (true) {
      int now = state.get();
      if (now == IDLE) {
        if (state.compareAndSet(IDLE, RUNNING)) {
          drive();
          return;
        }
      } else if (now == AGAIN || state.compareAndSet(RUNNING, AGAIN)) {
        return;
      }
    }
  }

  /**
   * Goes on with what was handed over, if anything was; for the owner's thread, or any other once
   * that has ended.
   */
  void takeOver() {
    if (handedOver.compareAndSet(true, false)) {
      drive();
    }
  }

  /** There is no owner any more: who runs the step goes on until nothing is left. */
  void withoutOwner() {
    alone = true;
  }

  private void drive() {
    for (int round = 1; ; round++) {
      step.run();
      if (state.compareAndSet(RUNNING, IDLE)) {
        return;
      }
      state.set(RUNNING);
      if (round >= ROUNDS && !alone) {
        handedOver.set(true);
        wakeOwner.run();
        return;
      }
    }
  }
}
