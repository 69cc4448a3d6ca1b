// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/** A listener; it belongs to the port and outlives drivers. */
@ProviderType
public interface Listener extends AutoCloseable {
  /**
   * Service id it listens on.
   *
   * @return 64 bits
   */
  long serviceId();

  /** Stops listening; unanswered requests are rejected. Idempotent. */
  @Override
  void close();
}
