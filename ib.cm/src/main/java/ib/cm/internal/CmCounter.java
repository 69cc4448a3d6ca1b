// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

/** What a connection manager counts. */
enum CmCounter {
  /** Messages received that are CM messages. */
  RECEIVED,
  /** Messages sent, repetitions included. */
  SENT,
  /** Messages sent again because no answer came. */
  RETRIES,
  /** Messages received again. */
  DUPLICATES,
  /** Dropped: not a CM message of a version and method that is known. */
  DROPPED_MALFORMED,
  /** Dropped: a message that this connection manager does not take. */
  DROPPED_UNSUPPORTED,
  /** Dropped: names a connection that does not exist, or is not the sender's. */
  DROPPED_UNKNOWN_ID,
  /** Dropped: does not fit the connection's state. */
  DROPPED_STATE,
  /** Dropped: the event thread is too far behind. */
  DROPPED_BUSY,
  /** Times the port's send queue was full; the message counts as lost. */
  SEND_QUEUE_FULL,
  /** Requests refused by the connection manager itself. */
  REFUSED
}
