// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A registered region: a key with rights over DMA addresses. The keys are dead the moment {@link
 * #close()} returns.
 */
@ProviderType
public interface MemoryRegion extends RdmaResource {
  /**
   * Key for scatter-gather elements of our own requests.
   *
   * @return lkey
   */
  int lkey();

  /**
   * Key that the peer presents.
   *
   * @return rkey
   */
  int rkey();
}
