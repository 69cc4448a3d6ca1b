// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.dma.IbDma;
import ib.verbs.RdmaException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All coherent memory of a device, so that its end finds what is left. Thread-safe. */
final class HostBuffers {
  private final IbDma dma;
  private final Set<DmaCoherent> live = new HashSet<>();

  private boolean closed;

  HostBuffers(IbDma dma) {
    this.dma = dma;
  }

  /** Allocates zeroed memory. */
  DmaCoherent allocate(long sizeBytes) throws RdmaException {
    DmaCoherent memory = dma.allocCoherent(sizeBytes);
    if (memory == null) {
      throw new RdmaException(
          "no coherent memory of "
              + sizeBytes
              + " bytes for "
              + dma.device().name()
              + "; close some resources, or raise memory.limit.mib of ib.core");
    }
    synchronized (live) {
      if (!closed) {
        live.add(memory);
        return memory;
      }
    }
    dma.freeCoherent(memory);
    throw new RdmaException(dma.device().name() + " is closed; use the device that replaces it");
  }

  /** Frees memory, unless {@link #freeAll} did. */
  void free(DmaCoherent memory) {
    synchronized (live) {
      if (!live.remove(memory)) {
        return;
      }
    }
    dma.freeCoherent(memory);
  }

  /** Frees what is left, and allocates no more. The hardware must have stopped. */
  void freeAll() {
    List<DmaCoherent> left;
    synchronized (live) {
      closed = true;
      left = new ArrayList<>(live);
    }
    left.forEach(this::free);
  }
}
