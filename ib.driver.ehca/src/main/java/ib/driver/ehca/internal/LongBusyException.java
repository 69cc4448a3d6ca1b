// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.verbs.RdmaException;

/** The hypervisor asks to come back. */
final class LongBusyException extends RdmaException {
  private static final long serialVersionUID = 1L;

  private final long waitMs;

  LongBusyException(String message, long waitMs) {
    super(message);
    this.waitMs = waitMs;
  }

  long waitMs() {
    return waitMs;
  }
}
