// SPDX-License-Identifier: Apache-2.0
package ib.transport;

/** Outcome of a key-checked access of the transport engine to a device's memory. */
public enum MemoryStatus {
  /** The range can be reached. */
  OK,
  /** No such key, or it belongs to another protection domain. */
  INVALID_KEY,
  /** The region does not hold the whole range. */
  OUT_OF_BOUNDS,
  /** The region, or the direction of the DMA mapping, does not admit the access. */
  NO_RIGHT,
  /** The key is right but the DMA address behind it leads nowhere. */
  BUS_FAULT;

  /**
   * Whether the range can be reached.
   *
   * @return true for OK
   */
  public boolean ok() {
    return this == OK;
  }
}
