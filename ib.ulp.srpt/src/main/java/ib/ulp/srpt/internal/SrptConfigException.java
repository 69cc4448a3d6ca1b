// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

/** A configuration of a target that can't work. The message names file, key and remedy. */
final class SrptConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  SrptConfigException(String message) {
    super(message);
  }

  SrptConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
