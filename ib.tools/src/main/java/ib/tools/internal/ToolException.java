// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

/** A tool that can't go on; the message names what was wrong and what to do. */
final class ToolException extends Exception {
  private static final long serialVersionUID = 1L;

  ToolException(String message) {
    super(message);
  }

  ToolException(String message, Throwable cause) {
    super(message, cause);
  }
}
