// SPDX-License-Identifier: Apache-2.0
package ib.bench;

/** A measurement that can't be made; the message says why and what to do. */
public final class BenchException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With a message. */
  public BenchException(String message) {
    super(message);
  }

  /** With a message and what led to it. */
  public BenchException(String message, Throwable cause) {
    super(message, cause);
  }
}
