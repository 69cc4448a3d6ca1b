// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Asynchronous events ({@code enum ibv_event_type}, without the prefix {@code IBV_EVENT_}). */
public enum AsyncEventType {
  /** A queue pair went into error by itself. */
  QP_FATAL,
  /** A packet arrived on a queue pair in RTR. */
  COMM_EST,
  /** The send queue of a queue pair in SQD has nothing in progress any more. */
  SQ_DRAINED,
  /**
   * A queue pair of a shared receive queue went into error and takes no receive of it any more:
   * what it had is completed. Wait for it before the queue pair is reset or closed.
   */
  QP_LAST_WQE_REACHED,
  /** A completion queue overran. */
  CQ_ERR,
  /** A shared receive queue holds fewer receives than its limit says; the limit is off then. */
  SRQ_LIMIT_REACHED,
  /** A shared receive queue failed: its entries can't be read. */
  SRQ_ERR,
  /** The port came up. */
  PORT_ACTIVE,
  /** The port went down. */
  PORT_ERR,
  /** The device failed; it will be withdrawn. */
  DEVICE_FATAL;

  /**
   * Whether the event is about a queue pair, completion queue or shared receive queue, and so
   * concerns its owner only.
   *
   * @return false for events of the port and device
   */
  public boolean isAffiliated() {
    return this != PORT_ACTIVE && this != PORT_ERR && this != DEVICE_FATAL;
  }
}
