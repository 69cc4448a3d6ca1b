// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Who holds an agent: a lock that is only ever tried. Taking and giving back order memory. */
@SuppressWarnings("ReferenceEquality") // a thread is itself and nothing else
final class Ownership {
  /**
   * The agent that this thread is, or holds: a synchronous call to another one from there could
   * deadlock.
   */
  private static final ThreadLocal<@Nullable Agent> HELD = new ThreadLocal<>();

  private final Agent agent;
  private final Thread agentThread;
  private final AtomicReference<@Nullable Thread> holder = new AtomicReference<>();

  /** The foreign thread that took a turn last, while others drive. */
  private volatile @Nullable Thread lastDriver;

  /** What a foreign holder held before; owned by the holder. */
  private @Nullable Agent heldBefore;

  Ownership(Agent agent, Thread agentThread) {
    this.agent = agent;
    this.agentThread = agentThread;
  }

  /** Called once by the agent's own thread. */
  void bindAgentThread() {
    HELD.set(agent);
  }

  boolean isMine() {
    return holder.get() == Thread.currentThread();
  }

  boolean isFree() {
    return holder.get() == null;
  }

  boolean onAgentThread() {
    return Thread.currentThread() == agentThread;
  }

  boolean take() {
    if (holder.get() != null || !holder.compareAndSet(null, Thread.currentThread())) {
      return false;
    }
    if (!onAgentThread()) {
      heldBefore = HELD.get();
      HELD.set(agent);
    }
    return true;
  }

  void giveBack() {
    if (!onAgentThread()) {
      // Null stays as the thread's value: removing it would cost an allocation with the next turn.
      HELD.set(heldBefore);
    }
    holder.set(null);
  }

  /** The calling thread, which holds the agent, drives it. */
  void rememberDriver() {
    if (!wasLastDriver()) {
      lastDriver = Thread.currentThread();
    }
  }

  /** Nobody has driven the agent for a while. */
  void forgetDriver() {
    if (lastDriver != null) {
      lastDriver = null;
    }
  }

  /** Whether the calling thread was the last to drive. */
  boolean wasLastDriver() {
    return lastDriver == Thread.currentThread();
  }

  /** Another agent that the calling thread is or holds, or null. */
  @Nullable Agent otherHeld() {
    Agent held = HELD.get();
    return held == agent ? null : held;
  }

  /** For messages: who holds the agent, and where. */
  String whereItIs() {
    Thread t = holder.get();
    if (t == null) {
      return "nobody at the moment";
    }
    StackTraceElement[] trace = t.getStackTrace();
    return t.getName() + (trace.length == 0 ? "" : " at " + trace[0]);
  }
}
