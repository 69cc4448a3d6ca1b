// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A call into code of others on a thread of its own, so that one who hangs holds up nobody but
 * itself.
 */
final class DriverCall<T> {
  private final FutureTask<T> task;
  private final Thread thread;

  private DriverCall(String name, Callable<T> call) {
    task = new FutureTask<>(call);
    thread = Thread.ofPlatform().daemon().name(name).unstarted(task);
  }

  static <T> DriverCall<T> start(String name, Callable<T> call) {
    DriverCall<T> driverCall = new DriverCall<>(name, call);
    driverCall.thread.start();
    return driverCall;
  }

  static DriverCall<Void> run(String name, Runnable action) {
    return start(
        name,
        () -> {
          action.run();
          return null;
        });
  }

  /**
   * Waits for the end.
   *
   * @return the answer
   * @throws ExecutionException if the call threw
   * @throws TimeoutException if it runs on; it was interrupted then, so that a wait in it ends
   */
  T await(long timeoutNs) throws ExecutionException, TimeoutException {
    long deadlineNs = System.nanoTime() + timeoutNs;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get(Math.max(0, deadlineNs - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          // The wait is bounded and what follows it must be done: note it, and wait on.
          interrupted = true;
        } catch (TimeoutException e) {
          thread.interrupt();
          throw e;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  Thread thread() {
    return thread;
  }
}
