// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A synchronous call to an agent: a command that somebody waits for. It runs once, or, given up
 * before it began, never.
 */
@SuppressWarnings("ReferenceEquality") // a thread is itself and nothing else
final class AgentCall<T extends @Nullable Object> implements Runnable {
  private static final int NEW = 0;
  private static final int RUNNING = 1;
  private static final int DONE = 2;
  private static final int GIVEN_UP = 3;

  /**
   * How often the waiting thread looks whether it can run the command itself, or put it into a
   * queue that was full.
   */
  private static final long LOOK_AGAIN_NS = 500_000;

  private final Agent agent;
  private final String what;
  private final Callable<T> command;
  private final Thread caller = Thread.currentThread();
  private final AtomicInteger state = new AtomicInteger(NEW);
  private boolean interrupted;
  private @Nullable T value;
  private @Nullable Throwable error;

  AgentCall(Agent agent, String what, Callable<T> command) {
    this.agent = agent;
    this.what = what;
    this.command = command;
  }

  @Override
  public void run() {
    if (!state.compareAndSet(NEW, RUNNING)) {
      return;
    }
    try {
      value = command.call();
    } catch (Throwable t) {
      error = t;
    }
    state.set(DONE);
    if (Thread.currentThread() != caller) {
      LockSupport.unpark(caller);
    }
  }

  T await(Duration timeout) {
    await(timeout, true);
    return result();
  }

  /** An interrupt is kept for later. */
  T awaitUninterruptibly(Duration timeout) {
    try {
      await(timeout, false);
      return result();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void await(Duration timeout, boolean interruptible) {
    long begunNs = System.nanoTime();
    long timeoutNs = timeout.toNanos();
    boolean queued = agent.submit(this);
    while (state.get() != DONE) {
      long leftNs = timeoutNs - (System.nanoTime() - begunNs);
      if (leftNs <= 0) {
        giveUpAfter(timeout);
      } else if (interruptible && Thread.currentThread().isInterrupted()) {
        giveUpInterrupted();
      } else {
        interrupted |= !interruptible && Thread.interrupted();
        LockSupport.parkNanos(this, Math.min(leftNs, LOOK_AGAIN_NS));
        if (queued) {
          agent.help();
        } else {
          queued = agent.submit(this);
        }
      }
    }
  }

  private void giveUpAfter(Duration timeout) {
    boolean neverBegan = state.compareAndSet(NEW, GIVEN_UP);
    if (neverBegan || state.get() == RUNNING) {
      agent.countTimedOutCall();
      throw new AgentTimeoutException(
          agent.name()
              + ": "
              + what
              + " did not end within "
              + timeout.toMillis()
              + " ms; it "
              + (neverBegan ? "had not begun and will not run" : "is still running")
              + ". Look at what holds the agent: "
              + agent.whereItIs());
    }
  }

  private void giveUpInterrupted() {
    boolean neverBegan = state.compareAndSet(NEW, GIVEN_UP);
    if (neverBegan || state.get() == RUNNING) {
      throw new AgentException(
          agent.name()
              + ": interrupted while waiting for "
              + what
              + (neverBegan ? ", which will not run" : ", which is still running"));
    }
  }

  /** The result once the command has run. */
  @SuppressWarnings("NullAway") // value is what the command gave, of type T
  T result() {
    Throwable t = error;
    if (t == null) {
      return value;
    }
    if (t instanceof RuntimeException e) {
      throw e;
    }
    if (t instanceof Error e) {
      throw e;
    }
    throw new AgentException(agent.name() + ": " + what + " failed: " + t.getMessage(), t);
  }

  @Override
  public String toString() {
    return what;
  }
}
