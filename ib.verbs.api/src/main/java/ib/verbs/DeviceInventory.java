// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What core knows of devices; a service of {@code ib.core} for operators and tests. Answers are
 * snapshots. Thread-safe, never blocks on a driver.
 */
@ProviderType
public interface DeviceInventory {
  /**
   * All candidates of all device names, zombies included.
   *
   * @return sorted by name, the active candidate first
   */
  List<DeviceStatus> devices();

  /**
   * Latest detaches of views and devices.
   *
   * @return oldest first, at most 256
   */
  List<DetachRecord> detaches();

  /**
   * Detaches since core started.
   *
   * @return count, not limited to what {@link #detaches} still lists
   */
  long detachCount();

  /**
   * Sum of {@link DetachRecord#leftOver()} of every detach since core started.
   *
   * @return 0 if every owner tidied up each time
   */
  long leftOverTotal();
}
