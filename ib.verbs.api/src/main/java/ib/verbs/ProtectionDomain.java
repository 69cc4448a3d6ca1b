// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A protection domain. Closing it while something of it lives throws {@link IllegalStateException}
 * naming that.
 */
@ProviderType
public interface ProtectionDomain extends RdmaResource {
  /**
   * The all-memory DMA region ({@code ib_get_dma_mr}): its addresses are DMA addresses made by the
   * ops of this device.
   *
   * @param access {@link AccessFlags}
   * @return the region
   * @throws RdmaException if the device has no room
   */
  MemoryRegion getDmaMr(int access) throws RdmaException;

  /**
   * A region for fast registration.
   *
   * @param maxPages most pages of 4096 bytes of one registration, 1 to 512
   * @return the region, not registered
   * @throws RdmaException if the device has no room
   */
  FastRegMr allocMr(int maxPages) throws RdmaException;

  /**
   * A queue pair in state RESET.
   *
   * @param init sizes and queues
   * @return the queue pair
   * @throws RdmaException if a size is above the device's limits or there is no room
   */
  QueuePair createQp(QpInitAttributes init) throws RdmaException;

  /**
   * A shared receive queue.
   *
   * @param init sizes and limit
   * @return the queue, empty
   * @throws NotSupportedException if the device has none
   * @throws RdmaException if a size is above the device's limits or there is no room
   */
  default SharedReceiveQueue createSrq(SrqInitAttributes init) throws RdmaException {
    throw new NotSupportedException(
        label() + ": the device has no shared receive queues; give each queue pair its own");
  }

  /**
   * A memory window, not bound.
   *
   * @param type how it is bound
   * @return the window
   * @throws RdmaException if the device has no room or no windows of the type; see {@link
   *     DeviceCapabilities#deviceCapFlags}
   */
  default MemoryWindow allocMw(MwType type) throws RdmaException {
    throw new NotSupportedException(
        label() + ": this device has no memory windows of " + type + "; see its query");
  }
}
