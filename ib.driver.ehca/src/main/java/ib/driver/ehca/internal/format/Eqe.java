// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** An event queue entry, 16 bytes; the last word makes it valid as in {@link Cqe}. */
public final class Eqe {
  /** Kind of event, 4 bytes. */
  public static final int KIND = 0;

  /** Token of the completion queue, or number of the queue pair, 4 bytes. */
  public static final int SUBJECT = 4;

  /** Valid word, 4 bytes. */
  public static final int VALID = 12;

  /** Bytes of an entry. */
  public static final int BYTES_PER_ENTRY = 16;

  /** A completion queue has entries. */
  public static final int COMPLETION = 1;

  /** A queue pair went into error. */
  public static final int QP_ERROR = 2;

  /** A completion queue overran. */
  public static final int CQ_ERROR = 3;

  private Eqe() {}
}
