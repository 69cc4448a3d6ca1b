// SPDX-License-Identifier: Apache-2.0
package it.interop;

/** A case failed, or what it needs did; the message says what and shows what was seen. */
class InteropException extends Exception {
  private static final long serialVersionUID = 1L;

  /** What was to be tried does not exist on one side: no failure. */
  static final class NotOffered extends InteropException {
    private static final long serialVersionUID = 1L;

    NotOffered(String message) {
      super(message);
    }
  }

  InteropException(String message) {
    super(message);
  }

  InteropException(String message, Throwable cause) {
    super(message, cause);
  }
}
