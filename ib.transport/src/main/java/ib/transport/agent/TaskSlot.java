// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * A task of an agent with what ends its sleep, and how often it threw in a row. Touched by the
 * holder of the agent only.
 */
final class TaskSlot {
  private static final long FIRST_PAUSE_NS = 1_000_000;
  private static final int MOST_DOUBLINGS = 7;

  final AgentTask task;
  final Pollable[] sources;
  boolean removed;
  private int failuresInARow;
  private long resumeNs;

  TaskSlot(AgentTask task, Pollable[] sources) {
    this.task = task;
    this.sources = sources;
  }

  /** Whether the task may run. */
  boolean ready(long nowNs) {
    return !removed && !paused(nowNs);
  }

  /** Whether the task threw so lately that it is left out. */
  boolean paused(long nowNs) {
    return failuresInARow > 0 && nowNs - resumeNs < 0;
  }

  /** When the task must run next, or {@link AgentTask#NO_DEADLINE}. */
  long deadlineNs(long nowNs) {
    return paused(nowNs) ? resumeNs : task.nextDeadlineNs();
  }

  void succeeded() {
    failuresInARow = 0;
  }

  /**
   * Leaves the task out for a moment, so that one that always throws costs little and its
   * neighbours run on.
   */
  void failed(long nowNs) {
    resumeNs = nowNs + (FIRST_PAUSE_NS << Math.min(failuresInARow, MOST_DOUBLINGS));
    failuresInARow = Math.min(failuresInARow + 1, MOST_DOUBLINGS + 1);
  }
}
