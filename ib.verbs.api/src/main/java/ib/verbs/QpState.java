// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** State of a queue pair ({@code enum ibv_qp_state}; IBA vol. 1, 10.3.1). */
public enum QpState {
  /** Just made; nothing can be posted. */
  RESET,
  /** Receives can be posted. */
  INIT,
  /** Ready to receive. */
  RTR,
  /** Ready to send. */
  RTS,
  /** Send queue drained. */
  SQD,
  /** Send queue in error (UC, UD). */
  SQE,
  /** In error; everything posted completes with {@link WcStatus#WR_FLUSH_ERR}. */
  ERR
}
