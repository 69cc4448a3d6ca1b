// SPDX-License-Identifier: Apache-2.0
package ib.verbs.spi;

import ib.verbs.AsyncEvent;
import ib.verbs.RdmaResource;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Core's list of what one owner has made on a device. Drivers report every resource; never blocks,
 * thread-safe.
 */
@ProviderType
public interface ResourceBook {
  /**
   * A resource was made.
   *
   * @param resource PD, MR, MW, CQ, SRQ or QP
   */
  void created(RdmaResource resource);

  /**
   * A resource was destroyed.
   *
   * @param resource as reported to {@link #created}
   */
  void destroyed(RdmaResource resource);

  /**
   * Something happened to a resource of the owner. May be called on the agent thread.
   *
   * @param event affiliated, with the resource as its element
   */
  default void asyncEvent(AsyncEvent event) {}
}
