// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/** What the agent's thread sleeps in. */
interface Waiter extends AutoCloseable {
  /** Whether this waiter can wait for {@code source}. */
  boolean accepts(Pollable source);

  /**
   * Says what the next {@link #await} waits for. Called by the agent's thread, holding the agent,
   * before each sleep.
   *
   * @param slots the tasks with their sources
   * @param nowNs present time, for tasks that are left out
   */
  void prepare(TaskSlot[] slots, long nowNs);

  /**
   * The sources of {@code slot} are given up: after this returns nothing here keeps a closed
   * channel open. Called by the holder of the agent on any thread, also while the agent's thread
   * sleeps.
   */
  void forget(TaskSlot slot);

  /**
   * Sleeps until a source is ready, {@link #wakeUp}, or the time is over. Called by the agent's
   * thread only.
   *
   * @param timeoutNs longest sleep, {@link Long#MAX_VALUE} for no limit
   * @param withSources false to wait for {@link #wakeUp} alone
   */
  void await(long timeoutNs, boolean withSources);

  /**
   * The sleep that {@link #prepare} was for has ended, or did not begin. Called by the agent's
   * thread.
   */
  void disarm();

  /** Ends a sleep that goes on, or the next one. Any thread. */
  void wakeUp();

  @Override
  void close();
}
