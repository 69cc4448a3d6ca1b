// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** Offsets within a resource's register page. */
public final class Register {
  /** Queue pair: number of new send entries ({@code qpx_sqa}). */
  public static final int QP_SEND_ADDER = 0x20;

  /** Queue pair: number of new receive entries ({@code qpx_rqa}). */
  public static final int QP_RECEIVE_ADDER = 0x30;

  /** Completion queue: number of entries consumed ({@code cqx_feca}). */
  public static final int CQ_CONSUMED = 0x20;

  /**
   * Completion queue: 1 asks for an event with the next entry ({@code cqx_n0}), 2 with the next
   * that is solicited or an error ({@code cqx_n1}; one register here).
   */
  public static final int CQ_NOTIFY = 0x38;

  /** Event queue: number of entries consumed. */
  public static final int EQ_CONSUMED = 0x20;

  /** Event queue: 1 after an overrun. */
  public static final int EQ_OVERRUN = 0x28;

  private Register() {}
}
