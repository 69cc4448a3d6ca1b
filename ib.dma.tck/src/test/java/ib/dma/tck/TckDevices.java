// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.IbDevice;

/** Devices whose limits leave no case without something to try. */
final class TckDevices {
  private TckDevices() {}

  /** A narrow window, short entries, a boundary. */
  static IbDevice narrow() {
    return new IbDevice("tck0", 0x1234, (1L << 26) - 1, 1 << 16, (1 << 17) - 1, "test");
  }

  /** Entries up to the boundary only. */
  static IbDevice bounded() {
    return new IbDevice("tck0", 0x1234, (1L << 26) - 1, 1 << 20, (1 << 17) - 1, "test");
  }

  /** 64 bits, no boundary, as mthca. */
  static IbDevice wide() {
    return new IbDevice("tck0", 0x1234, -1, 1 << 30, -1, "test");
  }
}
