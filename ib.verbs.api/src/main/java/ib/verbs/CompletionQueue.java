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
   * Entries it holds.
   *
   * @return at least what was asked for
   */
  int capacity();
}
