// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A queue pair of the transport engine. Agent thread only, except {@link #qpn()}, {@link #type()}
 * and {@link #state()}.
 */
@ProviderType
public interface PortQp {
  /**
   * Number.
   *
   * @return 24 bits
   */
  int qpn();

  /**
   * Service type.
   *
   * @return RC, UC or UD
   */
  QpType type();

  /**
   * State; any thread.
   *
   * @return state
   */
  QpState state();

  /**
   * Moves to another state or changes attributes. A move to ERR flushes all pending entries through
   * the backend before it returns; a move to RESET forgets them.
   *
   * @param attributes what to set
   * @throws RdmaException if transition or value is not allowed, naming it
   */
  void modify(QpAttributes attributes) throws RdmaException;

  /**
   * Current attributes.
   *
   * @return a copy
   */
  QpAttributes query();

  /**
   * New send entries may be in the work queue (a doorbell rang). Cheap; work is done in the port's
   * next turn.
   */
  void kickSend();

  /** New receive entries may be in the work queue. Needed in ERR, so that they are flushed. */
  void kickReceive();

  /**
   * Attaches a UD queue pair to a multicast group; until {@link #detachMcast} or {@link #destroy}.
   * Idempotent.
   *
   * @param groupHigh GID of the group, upper half ({@code ::ffff:a.b.c.d} for IPv4)
   * @param groupLow lower half
   * @throws RdmaException if it is no group, a limit is reached, or the port can't join
   */
  void attachMcast(long groupHigh, long groupLow) throws RdmaException;

  /**
   * Detaches from a multicast group.
   *
   * @param groupHigh as attached
   * @param groupLow as attached
   * @throws RdmaException if it is not attached
   */
  void detachMcast(long groupHigh, long groupLow) throws RdmaException;

  /**
   * Ends the queue pair: afterwards the backend is never called again. Nothing is flushed.
   * Idempotent. The QPN stays allocated.
   */
  void destroy();
}
