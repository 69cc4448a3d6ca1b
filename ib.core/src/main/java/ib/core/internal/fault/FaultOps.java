// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import ib.dma.DmaAttributes;
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

/**
 * Ops whose maps fail when a rule says so, as they would for lack of room: arguments that would be
 * refused still are, and nothing stays mapped. What is taken back is not copied to the CPU, as no
 * device has seen its address.
 */
final class FaultOps implements IbDmaOps {
  /** What a failed map returns; no ops give out the last byte of all addresses. */
  static final long ERROR = ~0L;

  private final IbDmaOps ops;
  private final FaultRule rule;
  private final boolean coherent;

  /**
   * Wraps ops.
   *
   * @param ops those below
   * @param rule which maps fail
   * @param coherent true if allocations of coherent memory fail too
   */
  FaultOps(IbDmaOps ops, FaultRule rule, boolean coherent) {
    this.ops = ops;
    this.rule = rule;
    this.coherent = coherent;
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
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == ERROR || ops.mappingError(device, dmaAddress);
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    long address = ops.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
    if (!ops.mappingError(device, address) && rule.fails(device.owner(), lengthBytes)) {
      ops.unmapSingle(
          device, address, lengthBytes, direction, attributes | DmaAttributes.SKIP_CPU_SYNC);
      return ERROR;
    }
    return address;
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
    long address =
        ops.mapPage(device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
    if (!ops.mappingError(device, address) && rule.fails(device.owner(), lengthBytes)) {
      ops.unmapPage(
          device, address, lengthBytes, direction, attributes | DmaAttributes.SKIP_CPU_SYNC);
      return ERROR;
    }
    return address;
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    int mapped = ops.mapSg(device, list, entries, direction, attributes);
    if (mapped > 0 && rule.fails(device.owner(), list.totalBytes())) {
      ops.unmapSg(device, list, entries, direction, attributes | DmaAttributes.SKIP_CPU_SYNC);
      return 0;
    }
    return mapped;
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    return coherent && rule.fails(device.owner(), sizeBytes)
        ? null
        : ops.allocCoherent(device, sizeBytes);
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent memory) {
    ops.freeCoherent(device, memory);
  }

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapSingle(device, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapPage(device, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    ops.unmapSg(device, list, entries, direction, attributes);
  }

  @Override
  public void syncSingleForCpu(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    ops.syncSingleForCpu(device, dmaAddress, lengthBytes, direction);
  }

  @Override
  public void syncSingleForDevice(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    ops.syncSingleForDevice(device, dmaAddress, lengthBytes, direction);
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
  public long dmaAddress(IbDevice device, ScatterList list, int index) {
    return ops.dmaAddress(device, list, index);
  }

  @Override
  public long dmaLen(IbDevice device, ScatterList list, int index) {
    return ops.dmaLen(device, list, index);
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

  @Override
  public Set<DmaGuarantee> guarantees(IbDevice device) {
    return ops.guarantees(device);
  }

  @Override
  public String toString() {
    return "faults of " + ops;
  }
}
