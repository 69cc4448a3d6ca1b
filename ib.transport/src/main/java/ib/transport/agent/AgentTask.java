// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * Work that an {@link Agent} runs again and again, for example a port.
 *
 * <p>All methods are called by the thread that holds the agent, one at a time, and must not block.
 * What they throw is counted and reported, the agent goes on; a task that throws is left out for a
 * moment (from one millisecond, doubling to 128) but never removed.
 */
public interface AgentTask {
  /** What {@link #nextDeadlineNs()} answers when there is nothing to wait for. */
  long NO_DEADLINE = Long.MAX_VALUE;

  /**
   * Does a bounded amount of work.
   *
   * @param nowNs the agent's clock at the start of this turn
   * @return how much was done in units of the task's choice; 0 lets the agent become idle
   */
  int doWork(long nowNs);

  /**
   * The time on the agent's clock at which {@link #doWork} must run even if nothing arrives, or
   * {@link #NO_DEADLINE}. A time that has passed makes the agent run again at once.
   */
  long nextDeadlineNs();
}
