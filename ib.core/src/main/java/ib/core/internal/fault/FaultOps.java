// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.fault;

import ib.dma.DelegatingDmaOps;
import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import org.jspecify.annotations.Nullable;

/**
 * Ops whose maps fail when a rule says so, as they would for lack of room: arguments that would be
 * refused still are, and nothing stays mapped. What is taken back is not copied to the CPU, as no
 * device has seen its address.
 */
final class FaultOps extends DelegatingDmaOps {
  /** What a failed map returns; no ops give out the last byte of all addresses. */
  static final long ERROR = ~0L;

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
    super(ops);
    this.rule = rule;
    this.coherent = coherent;
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == ERROR || below.mappingError(device, dmaAddress);
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    long address = below.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
    if (!below.mappingError(device, address) && rule.fails(device.owner(), lengthBytes)) {
      below.unmapSingle(
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
        below.mapPage(device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
    if (!below.mappingError(device, address) && rule.fails(device.owner(), lengthBytes)) {
      below.unmapPage(
          device, address, lengthBytes, direction, attributes | DmaAttributes.SKIP_CPU_SYNC);
      return ERROR;
    }
    return address;
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    int mapped = below.mapSg(device, list, entries, direction, attributes);
    if (mapped > 0 && rule.fails(device.owner(), list.totalBytes())) {
      below.unmapSg(device, list, entries, direction, attributes | DmaAttributes.SKIP_CPU_SYNC);
      return 0;
    }
    return mapped;
  }

  @Override
  public boolean iovaLink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    boolean linked =
        below.iovaLink(
            device, state, iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
    if (linked && rule.fails(device.owner(), lengthBytes)) {
      int quietly = attributes | DmaAttributes.SKIP_CPU_SYNC;
      below.iovaUnlink(device, state, iovaOffset, lengthBytes, direction, quietly);
      return false;
    }
    return linked;
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    return coherent && rule.fails(device.owner(), sizeBytes)
        ? null
        : below.allocCoherent(device, sizeBytes);
  }

  @Override
  public String toString() {
    return "faults of " + below;
  }
}
