// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

/** What simulations must have brought about beside what the counters of a port count. */
enum Happening {
  /** A region was opened by a work request, and used. */
  REGISTERED,
  /** A window of type 1 was bound, and used. */
  BOUND_TYPE_1,
  /** A window of type 1 was bound anew while it was bound. */
  REBOUND_TYPE_1,
  /** A window of type 2 was bound, and used. */
  BOUND_TYPE_2,
  /** A key was made invalid by the peer. */
  INVALIDATED_BY_PEER,
  /** A key was made invalid by its owner. */
  INVALIDATED_BY_OWNER,
  /** A request had to wait behind a fence. */
  FENCED,
  /** One was added to a counter of all. */
  COUNTED,
  // Refused with the right status:
  REFUSED_DEAD_KEY,
  REFUSED_BEFORE,
  REFUSED_BEYOND,
  REFUSED_NO_RIGHT,
  REFUSED_OTHER_DOMAIN,
  REFUSED_OTHER_QUEUE_PAIR,
  REFUSED_WRONG_BIND,
  REFUSED_WRONG_INVALIDATION,
  /** A message or datagram came into a shared receive queue's receive. */
  SHARED_RECEIVE,
  /** A shared receive queue had none. */
  SHARED_DRY,
  /** The limit of a shared receive queue was told. */
  SHARED_LIMIT,
  /** A queue pair told of its last shared receive. */
  LAST_WQE,
  /** A service was resolved. */
  RESOLVED,
  /** A question was refused. */
  NOT_RESOLVED,
  /** A datagram arrived. */
  DATAGRAM,
  /** A datagram arrived twice, as the network had it. */
  DATAGRAM_TWICE,
  /** A datagram was lost. */
  DATAGRAM_LOST
}
