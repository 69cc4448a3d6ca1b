// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.transport.MemoryStatus;
import ib.transport.RemoteRange;
import ib.transport.hca.Region;
import java.lang.foreign.MemorySegment;

/** A region of a simulated device's memory, in the table of keys that drivers have. */
final class WorldRegion extends Region {
  private final MemorySegment memory;
  private final long offset;
  private long lengthBytes;
  private long address;

  WorldRegion(
      Object pd,
      boolean fast,
      int access,
      MemorySegment memory,
      long address,
      long offset,
      long lengthBytes) {
    super(pd, fast, access);
    this.memory = memory;
    this.address = address;
    this.offset = offset;
    this.lengthBytes = lengthBytes;
  }

  /** Says how much the next registration by work request opens; it is not valid now. */
  void prepare(long bytes) {
    lengthBytes = bytes;
  }

  @Override
  protected boolean contains(long first, long bytes) {
    long from = first - address;
    return from >= 0 && from <= lengthBytes && bytes <= lengthBytes - from;
  }

  @Override
  protected MemoryStatus locate(long first, long bytes, DmaAccess way, BusWindow window) {
    long at = offset + (first - address);
    window.set(memory, at, Math.min(bytes, SimMemory.RUN_BYTES - at % SimMemory.RUN_BYTES));
    return MemoryStatus.OK;
  }

  @Override
  protected void range(RemoteRange into) {
    into.set(address, lengthBytes);
  }

  @Override
  protected boolean place(long first, long bytes) {
    boolean prepared = bytes == lengthBytes;
    address = prepared ? first : address;
    return prepared;
  }
}
