// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

/** State of a connection (IBA vol. 1, 12.9.7; Linux {@code enum ib_cm_state}). */
enum CmState {
  /** Active: REQ sent, repeated until answered. */
  REQ_SENT,
  /** Active: REP received, the queue pair is being moved. */
  REP_RCVD,
  /** Passive: REQ received, the application has not answered. */
  REQ_RCVD,
  /** Passive: REP sent, repeated until RTU. */
  REP_SENT,
  /** Both: the connection stands. */
  ESTABLISHED,
  /** Both: DREQ sent, repeated until DREP. */
  DREQ_SENT,
  /** Ended after queue pairs may have talked; its (CA GUID, QPN) is stale. */
  TIMEWAIT,
  /** Ended before: remembered so that late messages are answered as before. */
  REFUSED
}
