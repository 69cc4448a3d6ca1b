// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Requests that arrived at a listener of a run and wait for its thread; bounded.
 *
 * @param <R> their type
 */
final class Inbox<R> {
  private static final int CAPACITY = 64;

  private final Run run;
  private final ArrayBlockingQueue<R> waiting = new ArrayBlockingQueue<>(CAPACITY);

  Inbox(Run run) {
    this.run = run;
  }

  /** Takes a request in; false if too many wait. */
  boolean offer(R request) {
    boolean taken = waiting.offer(request);
    run.raise();
    return taken;
  }

  /** The next if there is one. */
  @Nullable R poll() {
    return waiting.poll();
  }

  /**
   * Waits for the next.
   *
   * @param timeoutS bound in seconds
   * @throws ToolException if none comes
   */
  R next(int timeoutS) throws ToolException {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutS);
    R request = waiting.poll();
    while (request == null) {
      long leftNs = endNs - System.nanoTime();
      if (leftNs < 0) {
        throw new ToolException(
            "nobody connected within %d s; wait longer with --timeout SECONDS".formatted(timeoutS));
      }
      run.await(Math.min(leftNs, TimeUnit.SECONDS.toNanos(1)));
      request = waiting.poll();
    }
    return request;
  }
}
