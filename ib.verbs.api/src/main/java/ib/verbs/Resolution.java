// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/** A service id resolution under way. Thread-safe. */
@ProviderType
public interface Resolution extends AutoCloseable {
  /**
   * Gives up. Idempotent; harmless after the outcome. No callback comes after it returned, except
   * one already running.
   */
  @Override
  void close();
}
