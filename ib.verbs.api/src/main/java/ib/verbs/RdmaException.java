// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * A verbs or connection manager call that failed. The message names the object, the input and the
 * remedy.
 */
public class RdmaException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message object, input, remedy
   */
  public RdmaException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message object, input, remedy
   * @param cause what happened below
   */
  public RdmaException(String message, Throwable cause) {
    super(message, cause);
  }
}
