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

  /** The send queue of a queue pair has drained. */
  public static final int SQ_DRAINED = 4;

  /** A queue pair in error takes nothing from its shared receive queue any more. */
  public static final int LAST_WQE = 5;

  /** The send queue of an unreliable queue pair went into error. */
  public static final int SQ_ERROR = 6;

  /** A shared receive queue, by its token, fell below its limit. */
  public static final int SRQ_LIMIT = 7;

  /** A shared receive queue, by its token, failed. */
  public static final int SRQ_ERROR = 8;

  /** The port came up. */
  public static final int PORT_UP = 9;

  /** The port went down. */
  public static final int PORT_DOWN = 10;

  /** A packet arrived on a connected queue pair in RTR. */
  public static final int COMM_EST = 11;

  private Eqe() {}
}
