// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

/** The demonstration can't go on; the message says why and what to do. */
final class DemoException extends Exception {
  private static final long serialVersionUID = 1L;

  DemoException(String message) {
    super(message);
  }

  DemoException(String message, Throwable cause) {
    super(message, cause);
  }
}
