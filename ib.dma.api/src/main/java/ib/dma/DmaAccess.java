// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/** What a device does to memory when it resolves a DMA address. */
public enum DmaAccess {
  /** The device reads host memory. */
  READ,
  /** The device writes host memory. */
  WRITE;

  /**
   * Whether a mapping made in a direction admits this access.
   *
   * @param direction direction of the mapping
   * @return true if admitted
   */
  public boolean allowedBy(DmaDirection direction) {
    return this == READ ? direction.deviceMayRead() : direction.deviceMayWrite();
  }
}
