// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A queue pair. Posting to one side is done by one thread at a time; everything else is
 * thread-safe.
 */
@ProviderType
public interface QueuePair extends RdmaResource {
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
   * @return never blocks
   * @throws IllegalArgumentException if there are too many elements
   */
  PostResult postRecv(RecvWr request);
}
