// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

/** Status codes (SAM-5, table of status codes). */
public final class ScsiStatus {
  /** Done. */
  public static final int GOOD = 0x00;

  /** Sense data tells. */
  public static final int CHECK_CONDITION = 0x02;

  /** Try again later. */
  public static final int BUSY = 0x08;

  /** No room for the command: try again later. */
  public static final int TASK_SET_FULL = 0x28;

  /** Ended by task management. */
  public static final int TASK_ABORTED = 0x40;

  private ScsiStatus() {}
}
