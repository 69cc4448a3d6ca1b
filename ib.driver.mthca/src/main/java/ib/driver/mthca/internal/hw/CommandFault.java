// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

/** A command that is refused: its status, and why. */
final class CommandFault extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;

  CommandFault(int status, String why) {
    super(why);
    this.status = status;
  }

  int status() {
    return status;
  }

  String why() {
    return String.valueOf(getMessage());
  }
}
