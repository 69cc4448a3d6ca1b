// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.dma.DmaFault;
import ib.transport.MemoryStatus;

/** How a fault on the bus looks to the transport engine. */
public final class BusFaults {
  private BusFaults() {}

  /**
   * Translates.
   *
   * @param fault answer of the bus for an address that a valid key led to
   * @return OK for no fault
   */
  public static MemoryStatus status(DmaFault fault) {
    return switch (fault) {
      case NONE -> MemoryStatus.OK;
      case WRONG_DIRECTION -> MemoryStatus.NO_RIGHT;
      case NOT_MAPPED, OUT_OF_BOUNDS, OUTSIDE_MASK, DETACHED -> MemoryStatus.BUS_FAULT;
    };
  }
}
