// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Asynchronous events ({@code enum ibv_event_type}). */
public enum AsyncEventType {
  /** A queue pair went into error. */
  QP_FATAL,
  /** A packet arrived on a queue pair in RTR. */
  COMM_EST,
  /** A completion queue overran. */
  CQ_ERR,
  /** The port came up. */
  PORT_ACTIVE,
  /** The port went down. */
  PORT_ERR,
  /** The device failed; it will be withdrawn. */
  DEVICE_FATAL
}
