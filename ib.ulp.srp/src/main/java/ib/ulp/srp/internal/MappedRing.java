// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import java.lang.foreign.MemorySegment;

/**
 * Equal pieces of memory, mapped once for as long as a channel stands, and synced piece by piece.
 * The CPU touches a piece only between {@link #beforeCpu} and {@link #beforeDevice}.
 */
final class MappedRing implements AutoCloseable {
  private static final int ALIGNMENT = 64;

  private final IbDma dma;
  private final DmaMemory memory;
  private final DmaDirection direction;
  private final int strideBytes;
  private final long address;
  private boolean closed;

  /**
   * Allocates and maps.
   *
   * @param dma of the device
   * @param pool where the memory comes from
   * @param pieces number of pieces
   * @param pieceBytes least size of each; rounded up to whole cache lines
   * @param direction TO_DEVICE or FROM_DEVICE
   * @throws LoginException if there is no memory, or it can't be mapped
   */
  MappedRing(IbDma dma, DmaMemoryPool pool, int pieces, int pieceBytes, DmaDirection direction)
      throws LoginException {
    this.dma = dma;
    this.direction = direction;
    strideBytes = (pieceBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    long size = (long) pieces * strideBytes;
    try {
      memory = pool.allocate(size);
    } catch (DmaMemoryExhaustedException e) {
      throw new LoginException("no memory for a ring of " + size + " bytes: " + e.getMessage(), e);
    }
    address = dma.mapSingle(memory, 0, size, direction);
    if (dma.mappingError(address)) {
      memory.close();
      throw new LoginException(
          dma.device().name()
              + " can't map a ring of "
              + size
              + " bytes; lower queue.size or give the device more room");
    }
  }

  MemorySegment segment() {
    return memory.segment();
  }

  int strideBytes() {
    return strideBytes;
  }

  long offset(int piece) {
    return (long) piece * strideBytes;
  }

  long dmaAddress(int piece) {
    return address + offset(piece);
  }

  void beforeCpu(int piece, int lengthBytes) {
    dma.syncSingleRangeForCpu(address, offset(piece), lengthBytes, direction);
  }

  void beforeDevice(int piece, int lengthBytes) {
    dma.syncSingleRangeForDevice(address, offset(piece), lengthBytes, direction);
  }

  /** Unmaps and frees; only once no device can touch it any more. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      dma.unmapSingle(address, memory.size(), direction);
      memory.close();
    }
  }
}
