// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;

/** Ops that check nothing: the DMA address is the virtual address, and any unmap is fine. */
final class IdentityOps implements IbDmaOps {
  private final DmaMemoryPool pool;

  IdentityOps(DmaMemoryPool pool) {
    this.pool = pool;
  }

  @Override
  public void attach(IbDevice device) {}

  @Override
  public DmaUsage usage(IbDevice device) {
    return DmaUsage.NONE;
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    return DmaUsage.NONE;
  }

  @Override
  public DmaBus bus(IbDevice device) {
    return (long address, long bytes, DmaAccess access, BusWindow window) ->
        pool.resolve(address, bytes, window) ? DmaFault.NONE : DmaFault.NOT_MAPPED;
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == 0;
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return memory.segment().address() + offsetBytes;
  }

  @Override
  public void unmapSingle(
      IbDevice device, long address, long length, DmaDirection direction, int attributes) {}

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    for (int i = 0; i < entries; i++) {
      list.setMapped(i, list.memory(i).segment().address() + list.offset(i), list.length(i));
    }
    list.setMappedEntries(entries);
    return entries;
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    list.setMappedEntries(0);
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device, long address, long offset, long length, DmaDirection direction) {}

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device, long address, long offset, long length, DmaDirection direction) {}

  @Override
  public void syncSgForCpu(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {}

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {}
}
