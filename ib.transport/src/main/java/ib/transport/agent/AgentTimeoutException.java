// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * A synchronous call to an {@link Agent} did not end in time. The message names the agent, the
 * call, how long was waited, and whether it had begun.
 */
public final class AgentTimeoutException extends AgentException {
  private static final long serialVersionUID = 1L;

  /** Makes an exception with a message. */
  public AgentTimeoutException(String message) {
    super(message);
  }
}
