// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.SendWqe;

/** A simulated device's side of a queue pair, with the keys that drivers have. */
final class WorldBackend extends SimBackend {
  private final WorldMemory keys;

  WorldBackend(WorldMemory keys) {
    super(keys);
    this.keys = keys;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    return keys.local(lkey, address, lengthBytes, write, window);
  }

  @Override
  public boolean executeLocal(SendWqe entry) {
    executed.add(entry.opcode());
    return keys.execute(entry);
  }
}
