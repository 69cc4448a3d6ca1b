// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import org.osgi.annotation.versioning.ConsumerType;

/** Told when a port goes down or comes up. Agent thread; must not block. */
@ConsumerType
@FunctionalInterface
public interface PortWatcher {
  /**
   * The port changed its state.
   *
   * @param up what {@link RdmaPort#isUp} says now
   * @param why for people
   */
  void onPortState(boolean up, String why);
}
