// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * Told of what a task or a command threw, on the thread that ran it. It should return soon; what it
 * throws itself is dropped.
 */
@FunctionalInterface
public interface AgentErrorHandler {
  /**
   * Something failed; the agent goes on.
   *
   * @param agent name of the agent
   * @param what the task or command that failed
   * @param error what it threw
   */
  void onError(String agent, String what, Throwable error);
}
