// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Passes every call on; what a broken ops begins with. */
class PassOn implements IbDmaOps {
  final IbDmaOps ops;

  PassOn(IbDmaOps ops) {
    this.ops = ops;
  }

  @Override
  public void attach(IbDevice device) {
    ops.attach(device);
  }

  @Override
  public DmaUsage usage(IbDevice device) {
    return ops.usage(device);
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    return ops.detach(device);
  }

  @Override
  public DmaBus bus(IbDevice device) {
    return ops.bus(device);
  }

  @Override
  public Set<DmaGuarantee> guarantees(IbDevice device) {
    return ops.guarantees(device);
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return ops.mappingError(device, dmaAddress);
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return ops.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapSingle(device, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public long mapPage(
      IbDevice device,
      DmaMemory memory,
      long pageIndex,
      int offsetInPage,
      int lengthBytes,
      DmaDirection direction,
      int attributes) {
    return ops.mapPage(device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapPage(device, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    return ops.mapSg(device, list, entries, direction, attributes);
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    ops.unmapSg(device, list, entries, direction, attributes);
  }

  @Override
  public long dmaAddress(IbDevice device, ScatterList list, int index) {
    return ops.dmaAddress(device, list, index);
  }

  @Override
  public long dmaLen(IbDevice device, ScatterList list, int index) {
    return ops.dmaLen(device, list, index);
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    ops.syncSingleRangeForCpu(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    ops.syncSingleRangeForDevice(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    ops.syncSgForCpu(device, list, entries, direction);
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    ops.syncSgForDevice(device, list, entries, direction);
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    return ops.allocCoherent(device, sizeBytes);
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent coherent) {
    ops.freeCoherent(device, coherent);
  }

  @Override
  public boolean dmaSupported(IbDevice device, long mask) {
    return ops.dmaSupported(device, mask);
  }

  @Override
  public long maxMappingSize(IbDevice device) {
    return ops.maxMappingSize(device);
  }

  @Override
  public long mergeBoundary(IbDevice device) {
    return ops.mergeBoundary(device);
  }
}
