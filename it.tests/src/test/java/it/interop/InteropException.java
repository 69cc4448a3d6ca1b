// SPDX-License-Identifier: Apache-2.0
package it.interop;

/** A case failed, or what it needs did; the message says what and shows what was seen. */
final class InteropException extends Exception {
  private static final long serialVersionUID = 1L;

  InteropException(String message) {
    super(message);
  }

  InteropException(String message, Throwable cause) {
    super(message, cause);
  }
}
