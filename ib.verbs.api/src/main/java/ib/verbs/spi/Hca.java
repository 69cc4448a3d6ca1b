// SPDX-License-Identifier: Apache-2.0
package ib.verbs.spi;

import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.ProtectionDomain;
import ib.verbs.RdmaException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/** Running hardware behind one attachment. Thread-safe. */
@ConsumerType
public interface Hca {
  /**
   * Limits.
   *
   * @return the hardware's answer
   */
  DeviceAttributes query();

  /**
   * Whether the port is up.
   *
   * @return true if packets can be sent
   */
  boolean portUp();

  /**
   * Self-test before promotion: makes the hardware do something that shows it works (at least a
   * command and a completion queue). Bounded by 5 s. A port that is down is no fault of the
   * hardware: core asks {@link #portUp} and waits for it.
   *
   * @throws RdmaException if it does not work; the candidate is not promoted
   */
  void probe() throws RdmaException;

  /**
   * Allocates a protection domain.
   *
   * @param book of the owner; also gets what is made from the domain
   * @return the domain
   * @throws RdmaException if there is no room
   */
  ProtectionDomain allocPd(ResourceBook book) throws RdmaException;

  /**
   * Creates a completion queue.
   *
   * @param book of the owner
   * @param entries at least this many
   * @param handler may be null
   * @return the queue
   * @throws RdmaException if there is no room or the size is above the limit
   */
  CompletionQueue createCq(ResourceBook book, int entries, @Nullable CompletionHandler handler)
      throws RdmaException;

  /**
   * Stops the hardware and frees everything the driver mapped. Called by core on a thread of its
   * own with a deadline, after the last user is gone. When it returns, the hardware touches no
   * memory any more. Idempotent.
   */
  void close();
}
