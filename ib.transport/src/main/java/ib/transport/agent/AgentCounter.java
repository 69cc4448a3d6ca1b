// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/** What an {@link Agent} counts. */
public enum AgentCounter {
  /** Turns that the agent's own thread took. */
  TURNS,
  /** Turns that other threads took through {@link Agent#tryDrive()}. */
  FOREIGN_TURNS,
  /** Times the agent's thread went to sleep. */
  SLEEPS,
  /** Times another thread had to end that sleep. */
  WAKE_UPS,
  /** Commands run. */
  COMMANDS,
  /** Commands refused because the queue was full. */
  COMMANDS_REFUSED,
  /** Synchronous calls given up after their time-out. */
  CALLS_TIMED_OUT,
  /** Commands that threw. */
  COMMAND_ERRORS,
  /** Turns of a task that threw. */
  TASK_ERRORS
}
