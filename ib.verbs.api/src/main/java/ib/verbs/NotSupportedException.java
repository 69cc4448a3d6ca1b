// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * The device has no such verb or limit; {@link RdmaDevice#query} says so beforehand. As {@code
 * EOPNOTSUPP} of libibverbs.
 */
public class NotSupportedException extends RdmaException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message device or object, verb, what to use instead
   */
  public NotSupportedException(String message) {
    super(message);
  }
}
