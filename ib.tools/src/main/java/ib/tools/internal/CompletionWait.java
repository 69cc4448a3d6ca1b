// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.CompletionQueue;
import ib.verbs.WorkCompletion;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits for completions, one at a time: looks for them for a moment, then sleeps until the queue
 * tells. Used by one thread.
 */
final class CompletionWait {
  /** How long a completion is looked for before the thread sleeps. */
  private static final long SPIN_NS = 50_000;

  /** Longest sleep: how late it is noticed that it is over. */
  private static final long SLEEP_NS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Sleeps until the queue told, or a time is over. */
  @FunctionalInterface
  interface Sleep {
    void await(long timeoutNs) throws ToolException;
  }

  private final CompletionQueue cq;
  private final LongSupplier clockNs;
  private final Sleep sleep;
  private final WorkCompletion[] one = WorkCompletion.array(1);

  CompletionWait(CompletionQueue cq, LongSupplier clockNs, Sleep sleep) {
    this.cq = cq;
    this.clockNs = clockNs;
    this.sleep = sleep;
  }

  /** Takes a completion if there is one; valid until the next. */
  @Nullable WorkCompletion poll() {
    return cq.poll(one) == 1 ? one[0] : null;
  }

  /**
   * Waits for a completion; valid until the next.
   *
   * @param over whether none will come any more
   * @return null if it is over
   * @throws ToolException after {@code timeoutNs}, or if the sleep does not go on
   */
  @Nullable WorkCompletion next(BooleanSupplier over, long timeoutNs) throws ToolException {
    long beganNs = clockNs.getAsLong();
    while (true) {
      WorkCompletion completion = poll();
      // The one look at the clock: who sleeps must have asked to be told, or sleeps in vain.
      long spentNs = clockNs.getAsLong() - beganNs;
      boolean sleeps = spentNs > SPIN_NS;
      if (completion == null && sleeps) {
        cq.reqNotify();
        completion = poll();
      }
      if (completion != null) {
        return completion;
      }
      if (over.getAsBoolean()) {
        return null;
      }
      if (spentNs > timeoutNs) {
        throw new ToolException(
            "nothing completed within %d s: the peer does nothing, or what it does is lost"
                .formatted(TimeUnit.NANOSECONDS.toSeconds(timeoutNs)));
      }
      if (sleeps) {
        sleep.await(Math.min(timeoutNs - spentNs + 1, SLEEP_NS));
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
