// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told that a completion queue has entries ({@code ib_comp_handler}). Runs on the agent thread of
 * the device's port: it may poll, post and map, must not block, must be short, and must not create,
 * modify or close resources.
 */
@ConsumerType
@FunctionalInterface
public interface CompletionHandler {
  /**
   * An entry was added after {@link CompletionQueue#reqNotify}.
   *
   * @param cq the queue
   */
  void onCompletion(CompletionQueue cq);
}
