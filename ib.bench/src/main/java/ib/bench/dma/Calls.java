// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDma;
import ib.dma.ScatterList;

/**
 * The call sites that are measured. They are here, and not in each benchmark, so that they can be
 * made to see several kinds of operations before.
 */
final class Calls {
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private Calls() {}

  static long map(IbDma dma, DmaMemory memory, long lengthBytes) {
    return dma.mapSingle(memory, 0, lengthBytes, BOTH);
  }

  static void unmap(IbDma dma, long address, long lengthBytes) {
    dma.unmapSingle(address, lengthBytes, BOTH);
  }

  /** To the device and back. */
  static void sync(IbDma dma, long address, long lengthBytes) {
    dma.syncSingleForDevice(address, lengthBytes, BOTH);
    dma.syncSingleForCpu(address, lengthBytes, BOTH);
  }

  static int list(IbDma dma, ScatterList list) {
    int mapped = dma.mapSg(list, list.entries(), BOTH);
    dma.unmapSg(list, list.entries(), BOTH);
    return mapped;
  }

  static long coherent(IbDma dma, long sizeBytes) {
    DmaCoherent coherent = dma.allocCoherent(sizeBytes);
    if (coherent == null) {
      throw new IllegalStateException("no room for " + sizeBytes + " bytes of coherent memory");
    }
    dma.freeCoherent(coherent);
    return coherent.dmaAddress();
  }

  static DmaFault resolve(DmaBus bus, long address, long lengthBytes, BusWindow window) {
    return bus.resolve(address, lengthBytes, DmaAccess.READ, window);
  }
}
