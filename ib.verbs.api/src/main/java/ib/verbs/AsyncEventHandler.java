// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told of the asynchronous events of a device. Runs on a thread of core, one event of a device
 * after the other: it may modify and close resources, and should return soon, as later events wait.
 */
@ConsumerType
@FunctionalInterface
public interface AsyncEventHandler {
  /**
   * Something happened. An event may still come just after its element was closed.
   *
   * @param event what happened
   */
  void onAsyncEvent(AsyncEvent event);
}
