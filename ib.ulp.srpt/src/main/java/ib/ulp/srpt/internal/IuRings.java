// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;

/**
 * The two rings of information units of a channel: memory mapped once, synced on each use. Worker
 * thread only.
 */
final class IuRings implements AutoCloseable {
  /** Room for a response with response data and sense data. */
  static final int RESPONSE_BYTES = 128;

  private final IbDma dma;
  private final int receiveIuBytes;
  private final DmaMemory receiveMemory;
  private final DmaMemory sendMemory;
  private final long receiveAddress;
  private final long sendAddress;
  private boolean closed;

  IuRings(DmaMemoryPool pool, IbDma dma, int receives, int receiveIuBytes, int sends)
      throws RdmaException {
    this.dma = dma;
    this.receiveIuBytes = receiveIuBytes;
    receiveMemory = pool.allocate((long) receives * receiveIuBytes);
    try {
      sendMemory = pool.allocate((long) sends * RESPONSE_BYTES);
    } catch (RuntimeException e) {
      receiveMemory.close();
      throw e;
    }
    receiveAddress =
        dma.mapSingle(receiveMemory, 0, receiveMemory.size(), DmaDirection.FROM_DEVICE);
    if (dma.mappingError(receiveAddress)) {
      freeMemory();
      throw new RdmaException(
          dma.device().name()
              + " could not map the receive ring of "
              + receiveMemory.size()
              + " bytes");
    }
    sendAddress = dma.mapSingle(sendMemory, 0, sendMemory.size(), DmaDirection.TO_DEVICE);
    if (dma.mappingError(sendAddress)) {
      dma.unmapSingle(receiveAddress, receiveMemory.size(), DmaDirection.FROM_DEVICE);
      freeMemory();
      throw new RdmaException(
          dma.device().name() + " could not map the send ring of " + sendMemory.size() + " bytes");
    }
  }

  int receiveIuBytes() {
    return receiveIuBytes;
  }

  MemorySegment receiveSegment() {
    return receiveMemory.segment();
  }

  long receiveOffset(int index) {
    return (long) index * receiveIuBytes;
  }

  long receiveDmaAddress(int index) {
    return receiveAddress + receiveOffset(index);
  }

  /** Gives the CPU what arrived. */
  void receivedForCpu(int index, int lengthBytes) {
    dma.syncSingleRangeForCpu(
        receiveAddress, receiveOffset(index), Math.max(1, lengthBytes), DmaDirection.FROM_DEVICE);
  }

  /** Gives the buffer to the device, before it is posted. */
  void receiveForDevice(int index) {
    dma.syncSingleRangeForDevice(
        receiveAddress, receiveOffset(index), receiveIuBytes, DmaDirection.FROM_DEVICE);
  }

  MemorySegment sendSegment() {
    return sendMemory.segment();
  }

  long sendOffset(int index) {
    return (long) index * RESPONSE_BYTES;
  }

  long sendDmaAddress(int index) {
    return sendAddress + sendOffset(index);
  }

  void sendForCpu(int index) {
    dma.syncSingleRangeForCpu(
        sendAddress, sendOffset(index), RESPONSE_BYTES, DmaDirection.TO_DEVICE);
  }

  void sendForDevice(int index) {
    dma.syncSingleRangeForDevice(
        sendAddress, sendOffset(index), RESPONSE_BYTES, DmaDirection.TO_DEVICE);
  }

  private void freeMemory() {
    receiveMemory.close();
    sendMemory.close();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    dma.unmapSingle(receiveAddress, receiveMemory.size(), DmaDirection.FROM_DEVICE);
    dma.unmapSingle(sendAddress, sendMemory.size(), DmaDirection.TO_DEVICE);
    freeMemory();
  }
}
