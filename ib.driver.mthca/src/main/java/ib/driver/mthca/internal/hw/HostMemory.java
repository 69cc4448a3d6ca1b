// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.driver.mthca.internal.prm.Be;
import ib.transport.SendWqe;

/**
 * A view of host memory through the bus: one structure at a time is opened, then read or written by
 * offset. Agent thread only.
 */
final class HostMemory {
  private final DmaBus bus;
  private final BusWindow window = new BusWindow();

  HostMemory(DmaBus bus) {
    this.bus = bus;
  }

  /** Opens a structure; false if it can't be reached in one run. */
  boolean open(long busAddress, int bytes, DmaAccess access) {
    return bus.resolve(busAddress, bytes, access, window) == DmaFault.NONE
        && window.length() >= bytes;
  }

  int get32(int offset) {
    return Be.get32(window.segment(), window.offset() + offset);
  }

  long get64(int offset) {
    return Be.get64(window.segment(), window.offset() + offset);
  }

  int acquire32(int offset) {
    return Be.acquire32(window.segment(), window.offset() + offset);
  }

  void put32(int offset, int value) {
    Be.put32(window.segment(), window.offset() + offset, value);
  }

  void put64(int offset, long value) {
    Be.put64(window.segment(), window.offset() + offset, value);
  }

  /** Copies inline data; false if it is too long. */
  boolean copyInline(int offset, int bytes, SendWqe into) {
    return into.setInline(window.segment(), window.offset() + offset, bytes);
  }

  void release32(int offset, int value) {
    Be.release32(window.segment(), window.offset() + offset, value);
  }
}
