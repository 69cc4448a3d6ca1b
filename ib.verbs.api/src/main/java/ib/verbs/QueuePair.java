// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A queue pair. Posting to one side is done by one thread at a time; everything else is
 * thread-safe.
 */
@ProviderType
public interface QueuePair extends RdmaResource {
  /** Destination queue pair of a datagram to a multicast group (specification 9.6.1.2). */
  int MULTICAST_QPN = 0xFF_FFFF;

  /**
   * Number, unique on the port and not used again before timewait is over.
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
   * Current state.
   *
   * @return may change at any time to ERR
   */
  QpState state();

  /**
   * Moves the queue pair to another state or changes attributes, synchronously.
   *
   * @param attributes what to set; transitions and required attributes as in IBA vol. 1, 11.2.5.2
   * @throws RdmaException if the transition or a value is not allowed, naming it, or the device is
   *     gone
   */
  void modify(QpAttributes attributes) throws RdmaException;

  /**
   * Current attributes.
   *
   * @return a copy
   */
  QpAttributes query();

  /**
   * Posts a send request. The request object may be reused at once; the memory belongs to the
   * device until the completion.
   *
   * @param request what to do
   * @return never blocks
   * @throws IllegalArgumentException if the request can't be expressed (too many elements, negative
   *     length)
   */
  PostResult postSend(SendWr request);

  /**
   * Posts a receive.
   *
   * @param request where to put a message
   * @return never blocks; BAD_STATE if receives come from a shared receive queue
   * @throws IllegalArgumentException if there are too many elements
   */
  PostResult postRecv(RecvWr request);

  /**
   * Attaches a UD queue pair to a multicast group ({@code ibv_attach_mcast}): it gets a copy of
   * each datagram to the group. Idempotent; ends with the queue pair. Send to a group with the
   * group's address and queue pair {@link #MULTICAST_QPN}; a sender need not be attached.
   *
   * @param group multicast address of the port's family
   * @throws NotSupportedException if the device or this kind of queue pair has no multicast
   * @throws RdmaException if the address is no multicast address, a limit is reached, or the port
   *     can't join the group
   */
  default void attachMcast(InetAddress group) throws RdmaException {
    throw new NotSupportedException(label() + " can't join " + group + ": no multicast here");
  }

  /**
   * Detaches from a group ({@code ibv_detach_mcast}).
   *
   * @param group as attached
   * @throws RdmaException if it is not attached
   */
  default void detachMcast(InetAddress group) throws RdmaException {
    throw new NotSupportedException(label() + " can't leave " + group + ": no multicast here");
  }
}
