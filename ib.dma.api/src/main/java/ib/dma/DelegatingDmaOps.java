// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Ops that pass every call on to those below; what an {@link IbDmaInterposer} begins with. Every
 * operation is passed on as itself, so that none falls back here on what the ops below do in their
 * own way. A subclass overrides what it watches or changes. Thread-safe, as far as the subclass is.
 */
@ConsumerType
public abstract class DelegatingDmaOps implements IbDmaOps {
  /** The ops below. */
  protected final IbDmaOps below;

  /**
   * Wraps ops.
   *
   * @param below those that are called
   */
  protected DelegatingDmaOps(IbDmaOps below) {
    this.below = Objects.requireNonNull(below);
  }

  // ---- life

  @Override
  public void attach(IbDevice device) {
    below.attach(device);
  }

  @Override
  public DmaUsage usage(IbDevice device) {
    return below.usage(device);
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    return below.detach(device);
  }

  @Override
  public DmaBus bus(IbDevice device) {
    return below.bus(device);
  }

  // ---- maps

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return below.mappingError(device, dmaAddress);
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return below.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    below.unmapSingle(device, dmaAddress, lengthBytes, direction, attributes);
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
    return below.mapPage(
        device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    below.unmapPage(device, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    return below.mapSg(device, list, entries, direction, attributes);
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    below.unmapSg(device, list, entries, direction, attributes);
  }

  @Override
  public long dmaAddress(IbDevice device, ScatterList list, int index) {
    return below.dmaAddress(device, list, index);
  }

  @Override
  public long dmaLen(IbDevice device, ScatterList list, int index) {
    return below.dmaLen(device, list, index);
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    return below.allocCoherent(device, sizeBytes);
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent coherent) {
    below.freeCoherent(device, coherent);
  }

  // ---- syncs

  @Override
  public void syncSingleForCpu(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    below.syncSingleForCpu(device, dmaAddress, lengthBytes, direction);
  }

  @Override
  public void syncSingleForDevice(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    below.syncSingleForDevice(device, dmaAddress, lengthBytes, direction);
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    below.syncSingleRangeForCpu(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    below.syncSingleRangeForDevice(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    below.syncSgForCpu(device, list, entries, direction);
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    below.syncSgForDevice(device, list, entries, direction);
  }

  // ---- what the ops are like

  @Override
  public Set<DmaGuarantee> guarantees(IbDevice device) {
    return below.guarantees(device);
  }

  @Override
  public DmaStatistics statistics(IbDevice device) {
    return below.statistics(device);
  }

  @Override
  public boolean dmaSupported(IbDevice device, long mask) {
    return below.dmaSupported(device, mask);
  }

  @Override
  public long maxMappingSize(IbDevice device) {
    return below.maxMappingSize(device);
  }

  @Override
  public long mergeBoundary(IbDevice device) {
    return below.mergeBoundary(device);
  }

  @Override
  public long optMappingSize(IbDevice device) {
    return below.optMappingSize(device);
  }

  @Override
  public long requiredMask(IbDevice device) {
    return below.requiredMask(device);
  }

  // ---- mappings in two steps

  @Override
  public boolean iovaTryAlloc(
      IbDevice device, DmaIova state, DmaMemory memory, long offsetBytes, long sizeBytes) {
    return below.iovaTryAlloc(device, state, memory, offsetBytes, sizeBytes);
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
    return below.iovaLink(
        device, state, iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  @Override
  public boolean iovaSync(IbDevice device, DmaIova state, long iovaOffset, long lengthBytes) {
    return below.iovaSync(device, state, iovaOffset, lengthBytes);
  }

  @Override
  public void iovaUnlink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    below.iovaUnlink(device, state, iovaOffset, lengthBytes, direction, attributes);
  }

  @Override
  public void iovaFree(IbDevice device, DmaIova state) {
    below.iovaFree(device, state);
  }

  @Override
  public void iovaDestroy(
      IbDevice device, DmaIova state, long linkedBytes, DmaDirection direction, int attributes) {
    below.iovaDestroy(device, state, linkedBytes, direction, attributes);
  }

  // ---- beside mapping

  @Override
  public ScatterList sgTable(IbDevice device, DmaCoherent coherent) {
    return below.sgTable(device, coherent);
  }

  @Override
  public void poolMisused(
      IbDevice device, DmaPoolMisuse misuse, long dmaAddress, long sizeBytes, String detail) {
    below.poolMisused(device, misuse, dmaAddress, sizeBytes, detail);
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + " of " + below;
  }
}
