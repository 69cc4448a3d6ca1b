// SPDX-License-Identifier: Apache-2.0
package ib.dma;

/**
 * Why a device could not reach a DMA address. Faults are values, never exceptions: a wrong address
 * comes from outside.
 */
public enum DmaFault {
  /** No fault. */
  NONE,
  /** No live mapping holds the address. */
  NOT_MAPPED,
  /** The range begins inside a mapping and leaves it. */
  OUT_OF_BOUNDS,
  /** The mapping's direction does not admit the access. */
  WRONG_DIRECTION,
  /** The address has bits outside the device's DMA mask. */
  OUTSIDE_MASK,
  /** The attachment is gone; nothing can be reached any more. */
  DETACHED
}
