// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Status of a command ({@code mthca_cmd.c}, {@code MTHCA_CMD_STAT_}). */
public final class CommandStatus {
  /** Done. */
  public static final int OK = 0x00;

  /** The hardware failed, or could not reach the mailbox. */
  public static final int INTERNAL_ERR = 0x01;

  /** No such command. */
  public static final int BAD_OP = 0x02;

  /** A parameter is wrong. */
  public static final int BAD_PARAM = 0x03;

  /** Not in this state of the system. */
  public static final int BAD_SYS_STATE = 0x04;

  /** A resource is in use. */
  public static final int RESOURCE_BUSY = 0x06;

  /** Above a limit. */
  public static final int EXCEED_LIM = 0x08;

  /** Not in this state of the resource. */
  public static final int BAD_RES_STATE = 0x09;

  /** Index out of range. */
  public static final int BAD_INDEX = 0x0A;

  /** Not in this state of the queue pair. */
  public static final int BAD_QPEE_STATE = 0x10;

  /** The region has windows bound. */
  public static final int REG_BOUND = 0x21;

  /** Context memory is not mapped there. */
  public static final int LAM_NOT_PRE = 0x22;

  private CommandStatus() {}

  /** Name of a status, for messages. */
  public static String name(int status) {
    return switch (status) {
      case OK -> "OK";
      case INTERNAL_ERR -> "INTERNAL_ERR";
      case BAD_OP -> "BAD_OP";
      case BAD_PARAM -> "BAD_PARAM";
      case BAD_SYS_STATE -> "BAD_SYS_STATE";
      case RESOURCE_BUSY -> "RESOURCE_BUSY";
      case EXCEED_LIM -> "EXCEED_LIM";
      case BAD_RES_STATE -> "BAD_RES_STATE";
      case BAD_INDEX -> "BAD_INDEX";
      case BAD_QPEE_STATE -> "BAD_QPEE_STATE";
      case REG_BOUND -> "REG_BOUND";
      case LAM_NOT_PRE -> "LAM_NOT_PRE";
      default -> "status 0x" + Integer.toHexString(status);
    };
  }
}
