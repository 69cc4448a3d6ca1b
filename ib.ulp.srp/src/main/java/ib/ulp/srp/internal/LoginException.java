// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

/** A login that did not succeed; the message names the reason and the remedy. */
final class LoginException extends Exception {
  private static final long serialVersionUID = 1L;

  LoginException(String message) {
    super(message);
  }

  LoginException(String message, Throwable cause) {
    super(message, cause);
  }
}
