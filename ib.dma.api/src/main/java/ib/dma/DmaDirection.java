// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/** Which side moves the data of a streaming mapping (Linux {@code enum dma_data_direction}). */
public enum DmaDirection {
  /** The device reads and writes. */
  BIDIRECTIONAL,
  /** The CPU wrote the data, the device only reads. */
  TO_DEVICE,
  /** The device writes, the CPU reads afterwards. */
  FROM_DEVICE,
  /** Never valid in a call; a marker for "no data". */
  NONE;

  /**
   * True if the device may read memory mapped in this direction.
   *
   * @return whether reads by the device are allowed
   */
  public boolean deviceMayRead() {
    return this == TO_DEVICE || this == BIDIRECTIONAL;
  }

  /**
   * True if the device may write memory mapped in this direction.
   *
   * @return whether writes by the device are allowed
   */
  public boolean deviceMayWrite() {
    return this == FROM_DEVICE || this == BIDIRECTIONAL;
  }
}
