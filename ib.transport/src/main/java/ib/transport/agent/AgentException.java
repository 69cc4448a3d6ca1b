// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

/**
 * A synchronous call to an {@link Agent} that gave no result: it threw a checked exception (the
 * cause), or the caller was interrupted.
 */
public class AgentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes an exception with a message. */
  public AgentException(String message) {
    super(message);
  }

  /** Makes an exception with a message and what caused it. */
  public AgentException(String message, Throwable cause) {
    super(message, cause);
  }
}
