// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/** A completion queue. Polled by one thread at a time. */
@ProviderType
public interface CompletionQueue extends RdmaResource {
  /**
   * Takes completions.
   *
   * @param completions filled from index 0; reusable objects, none null
   * @return how many were filled, 0 if the queue is empty
   */
  int poll(WorkCompletion[] completions);

  /**
   * Asks for one call of the handler when the next entry is added. If entries are there already
   * that were added before this call, poll once more after it: as with libibverbs, they cause no
   * call.
   */
  void reqNotify();

  /**
   * As {@link #reqNotify()}, but if wanted only for an entry of a receive whose sender asked for a
   * solicited event, or of an error ({@code ibv_req_notify_cq}). A request for all entries that is
   * still open stays one for all.
   *
   * @param solicitedOnly whether entries that are neither cause no call
   */
  default void reqNotify(boolean solicitedOnly) {
    reqNotify();
  }

  /**
   * Changes the size ({@code ibv_resize_cq}). Entries that are not polled yet stay, in order; the
   * queue can be polled and filled meanwhile.
   *
   * @param entries at least this many, 1 to the device's limit
   * @throws RdmaException if more entries wait than it would hold, entries from before the last
   *     resize wait, the size is above the limit, there is no room, or the device is gone; the
   *     queue stays as it was
   */
  default void resize(int entries) throws RdmaException {
    throw new NotSupportedException(label() + " can't be resized: create another");
  }

  /**
   * Entries it holds.
   *
   * @return at least what was asked for
   */
  int capacity();
}
