// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/**
 * Codes of operation and status in a completion. The codes of the enumerations' order, as {@code
 * libibverbs} numbers them.
 */
public final class WcCodes {
  private static final WcStatus[] STATUSES = WcStatus.values();
  private static final WcOpcode[] OPCODES = WcOpcode.values();

  private WcCodes() {}

  /** Code of a status. */
  @SuppressWarnings("EnumOrdinal") // ibv_wc_status has the same order, and that is its code
  public static int code(WcStatus status) {
    return status.ordinal();
  }

  /** Status of a code. */
  public static WcStatus status(int code) {
    return code < STATUSES.length ? STATUSES[code] : WcStatus.GENERAL_ERR;
  }

  /** Code of an operation. */
  @SuppressWarnings("EnumOrdinal") // a code of our own, read back by opcode
  public static int code(WcOpcode opcode) {
    return opcode.ordinal();
  }

  /** Operation of a code. */
  public static WcOpcode opcode(int code) {
    return code < OPCODES.length ? OPCODES[code] : WcOpcode.SEND;
  }
}
