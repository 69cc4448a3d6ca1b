// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** An event queue entry ({@code struct mthca_eqe}), 32 bytes. */
public final class Eqe {
  /** Type in the second byte. */
  public static final int TYPE = 0;

  /** Position of the type in its word. */
  public static final int TYPE_SHIFT = 16;

  /** Number of the queue that the event is about. */
  public static final int NUMBER = 4;

  /** Owner in the last byte; written last. */
  public static final int LAST = 28;

  /** In LAST: the hardware owns the entry. */
  public static final int OWNER_HW = 0x80;

  /** Bytes of an entry. */
  public static final int BYTES = 32;

  /** Type: a completion queue has entries. */
  public static final int COMPLETION = 0x00;

  /** Type: a packet arrived on a connected queue pair in RTR. */
  public static final int COMM_EST = 0x02;

  /** Type: a completion queue failed. */
  public static final int CQ_ERROR = 0x04;

  /** Type: a queue pair went into error. */
  public static final int WQ_CATAS_ERROR = 0x05;

  /** Type: the send queue of a queue pair in SQD has drained. */
  public static final int SQ_DRAINED = 0x03;

  /** Type: a shared receive queue failed. */
  public static final int SRQ_CATAS_ERROR = 0x12;

  /** Type: a queue pair in error takes nothing from its shared receive queue any more. */
  public static final int SRQ_QP_LAST_WQE = 0x13;

  /** Type: a shared receive queue fell below its limit. */
  public static final int SRQ_LIMIT = 0x14;

  /** Type: the send queue of an unreliable queue pair went into error (our own type). */
  public static final int SQ_ERROR = 0x1F;

  /** Type: the port changed its state; the number is {@link #PORT_UP} or {@link #PORT_DOWN}. */
  public static final int PORT_CHANGE = 0x09;

  /** Number of PORT_CHANGE: the port came up. */
  public static final int PORT_UP = 4;

  /** Number of PORT_CHANGE: the port went down. */
  public static final int PORT_DOWN = 1;

  private Eqe() {}
}
