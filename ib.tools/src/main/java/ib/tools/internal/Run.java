// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectionManager;
import ib.verbs.RdmaDevice;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run of a tool: what it made on its device, which is closed in reverse order at its end, and the
 * signal on which it waits for whatever happens.
 */
final class Run implements AutoCloseable {
  private final Local local;
  private final Consumer<Run> onClosed;
  private final Semaphore signal = new Semaphore(0);
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable String aborted;

  /** Guarded by itself. */
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  Run(Local local, Consumer<Run> onClosed) {
    this.local = local;
    this.onClosed = onClosed;
  }

  Local local() {
    return local;
  }

  boolean uses(RdmaDevice device) {
    return local.device().equals(device);
  }

  boolean uses(ConnectionManager manager) {
    return local.manager().equals(manager);
  }

  /** Takes care of something that is to be closed at the end. */
  <T extends AutoCloseable> T add(T resource) {
    synchronized (resources) {
      resources.push(resource);
    }
    return resource;
  }

  /** Something happened that a wait may wait for; any thread. */
  void raise() {
    signal.release();
  }

  /** The run has to end. */
  void abort(String why) {
    aborted = why;
    raise();
  }

  /**
   * Waits for the next signal.
   *
   * @throws ToolException if the run was aborted or interrupted
   */
  void await(long timeoutNs) throws ToolException {
    check();
    try {
      if (signal.tryAcquire(timeoutNs, TimeUnit.NANOSECONDS)) {
        signal.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ToolException("interrupted", e);
    }
    check();
  }

  /**
   * Looks whether it may go on; takes no signal from who waits for one.
   *
   * @throws ToolException if the run was aborted or interrupted
   */
  void check() throws ToolException {
    String why = aborted;
    if (why != null) {
      throw new ToolException("ended, because " + why);
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new ToolException("interrupted");
    }
  }

  boolean awaitClosed(long timeoutNs) {
    try {
      return closed.await(timeoutNs, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Closes everything, whoever interrupts; idempotent. */
  @Override
  public void close() {
    // With it whatever waits for the device's agent would give up, and stay open.
    boolean interrupted = Thread.interrupted();
    AutoCloseable next = pop();
    while (next != null) {
      close(next);
      interrupted |= Thread.interrupted();
      next = pop();
    }
    onClosed.accept(this);
    closed.countDown();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private @Nullable AutoCloseable pop() {
    synchronized (resources) {
      return resources.poll();
    }
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      // The rest is to be closed all the same; core reports what is left over.
      System.err.println("could not close " + resource + ": " + e.getMessage());
    }
  }
}
