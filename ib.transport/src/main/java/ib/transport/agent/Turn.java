// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import ib.transport.internal.counters.EnumCounters;

/**
 * What one turn of an agent does: the commands that wait, then each task once. Nothing that they
 * throw gets out. Used by the holder of the agent.
 */
final class Turn {
  private final String agentName;
  private final AgentErrorHandler errorHandler;
  private final EnumCounters<AgentCounter> counters;
  private final CommandQueue commands;
  private final TaskSet tasks;

  Turn(
      AgentOptions options,
      EnumCounters<AgentCounter> counters,
      CommandQueue commands,
      TaskSet tasks) {
    this.agentName = options.name();
    this.errorHandler = options.errorHandler();
    this.counters = counters;
    this.commands = commands;
    this.tasks = tasks;
  }

  int take(long nowNs) {
    int work = runCommands();
    for (TaskSlot slot : tasks.slots()) {
      if (slot.ready(nowNs)) {
        work += runTask(slot, nowNs);
      }
    }
    return work;
  }

  /** Runs as many commands as waited at the start, so that tasks get their turn. */
  int runCommands() {
    int n = commands.waiting();
    for (int i = 0; i < n; i++) {
      Runnable command = commands.poll();
      if (command == null) {
        return i;
      }
      runCommand(command);
    }
    return n;
  }

  private void runCommand(Runnable command) {
    counters.add(AgentCounter.COMMANDS, 1);
    try {
      command.run();
    } catch (Throwable t) {
      counters.add(AgentCounter.COMMAND_ERRORS, 1);
      report("command " + command, t);
    }
  }

  private int runTask(TaskSlot slot, long nowNs) {
    try {
      int work = slot.task.doWork(nowNs);
      slot.succeeded();
      return work;
    } catch (Throwable t) {
      slot.failed(nowNs);
      counters.add(AgentCounter.TASK_ERRORS, 1);
      report("task " + slot.task, t);
      return 0;
    }
  }

  long earliestDeadlineNs(long nowNs) {
    long earliestNs = AgentTask.NO_DEADLINE;
    for (TaskSlot slot : tasks.slots()) {
      long deadlineNs = deadlineNs(slot, nowNs);
      if (earlier(deadlineNs, earliestNs)) {
        earliestNs = deadlineNs;
      }
    }
    return earliestNs;
  }

  private long deadlineNs(TaskSlot slot, long nowNs) {
    try {
      return slot.deadlineNs(nowNs);
    } catch (Throwable t) {
      slot.failed(nowNs);
      counters.add(AgentCounter.TASK_ERRORS, 1);
      report("deadline of task " + slot.task, t);
      return slot.deadlineNs(nowNs);
    }
  }

  static boolean earlier(long aNs, long bNs) {
    return aNs != AgentTask.NO_DEADLINE && (bNs == AgentTask.NO_DEADLINE || aNs - bNs < 0);
  }

  void report(String what, Throwable error) {
    try {
      errorHandler.onError(agentName, what, error);
    } catch (Throwable t) {
      // Nobody is left to tell.
      return;
    }
  }
}
