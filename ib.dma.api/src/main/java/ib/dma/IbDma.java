// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device together with the ops that serve it: the {@code ib_dma_*} wrappers of Linux. This is the
 * only way by which a user of a device maps memory. Contract of each method: the method of the same
 * name in {@link IbDmaOps}. Thread-safe.
 */
public final class IbDma {
  private final IbDevice device;
  private final IbDmaOps ops;

  /**
   * Joins a device and ops; made by core.
   *
   * @param device an attached device or view
   * @param ops the ops, with all interposers
   */
  public IbDma(IbDevice device, IbDmaOps ops) {
    this.device = Objects.requireNonNull(device);
    this.ops = Objects.requireNonNull(ops);
  }

  /**
   * The device or view whose book counts what is mapped here.
   *
   * @return the device
   */
  public IbDevice device() {
    return device;
  }

  /**
   * See the ops' {@code mappingError}.
   *
   * @param dmaAddress DMA address
   * @return as the ops say
   */
  public boolean mappingError(long dmaAddress) {
    return ops.mappingError(device, dmaAddress);
  }

  /**
   * See the ops' {@code mapSingle}.
   *
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @return as the ops say
   */
  public long mapSingle(
      DmaMemory memory, long offsetBytes, long lengthBytes, DmaDirection direction) {
    return ops.mapSingle(device, memory, offsetBytes, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code mapSingle}.
   *
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return as the ops say
   */
  public long mapSingle(
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return ops.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code unmapSingle}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void unmapSingle(long dmaAddress, long lengthBytes, DmaDirection direction) {
    ops.unmapSingle(device, dmaAddress, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code unmapSingle}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   */
  public void unmapSingle(
      long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapSingle(device, dmaAddress, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code mapPage}.
   *
   * @param memory the memory
   * @param pageIndex page within the memory
   * @param offsetInPage first byte in the page
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @return as the ops say
   */
  public long mapPage(
      DmaMemory memory, long pageIndex, int offsetInPage, int lengthBytes, DmaDirection direction) {
    return ops.mapPage(
        device, memory, pageIndex, offsetInPage, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code mapPage}.
   *
   * @param memory the memory
   * @param pageIndex page within the memory
   * @param offsetInPage first byte in the page
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return as the ops say
   */
  public long mapPage(
      DmaMemory memory,
      long pageIndex,
      int offsetInPage,
      int lengthBytes,
      DmaDirection direction,
      int attributes) {
    return ops.mapPage(device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code unmapPage}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void unmapPage(long dmaAddress, int lengthBytes, DmaDirection direction) {
    ops.unmapPage(device, dmaAddress, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code unmapPage}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   */
  public void unmapPage(long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    ops.unmapPage(device, dmaAddress, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code mapSg}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   * @return mapped entries, 0 on failure
   */
  public int mapSg(ScatterList list, int entries, DmaDirection direction) {
    return ops.mapSg(device, list, entries, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code mapSg}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return mapped entries, 0 on failure
   */
  public int mapSg(ScatterList list, int entries, DmaDirection direction, int attributes) {
    return ops.mapSg(device, list, entries, direction, attributes);
  }

  /**
   * See the ops' {@code unmapSg}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   */
  public void unmapSg(ScatterList list, int entries, DmaDirection direction) {
    ops.unmapSg(device, list, entries, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code unmapSg}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   */
  public void unmapSg(ScatterList list, int entries, DmaDirection direction, int attributes) {
    ops.unmapSg(device, list, entries, direction, attributes);
  }

  /**
   * See the ops' {@code dmaAddress}.
   *
   * @param list the list
   * @param index mapped entry
   * @return as the ops say
   */
  public long dmaAddress(ScatterList list, int index) {
    return ops.dmaAddress(device, list, index);
  }

  /**
   * See the ops' {@code dmaLen}.
   *
   * @param list the list
   * @param index mapped entry
   * @return as the ops say
   */
  public long dmaLen(ScatterList list, int index) {
    return ops.dmaLen(device, list, index);
  }

  /**
   * See the ops' {@code syncSingleForCpu}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void syncSingleForCpu(long dmaAddress, long lengthBytes, DmaDirection direction) {
    ops.syncSingleForCpu(device, dmaAddress, lengthBytes, direction);
  }

  /**
   * See the ops' {@code syncSingleForDevice}.
   *
   * @param dmaAddress DMA address
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void syncSingleForDevice(long dmaAddress, long lengthBytes, DmaDirection direction) {
    ops.syncSingleForDevice(device, dmaAddress, lengthBytes, direction);
  }

  /**
   * See the ops' {@code syncSingleRangeForCpu}.
   *
   * @param dmaAddress DMA address
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void syncSingleRangeForCpu(
      long dmaAddress, long offsetBytes, long lengthBytes, DmaDirection direction) {
    ops.syncSingleRangeForCpu(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  /**
   * See the ops' {@code syncSingleRangeForDevice}.
   *
   * @param dmaAddress DMA address
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   */
  public void syncSingleRangeForDevice(
      long dmaAddress, long offsetBytes, long lengthBytes, DmaDirection direction) {
    ops.syncSingleRangeForDevice(device, dmaAddress, offsetBytes, lengthBytes, direction);
  }

  /**
   * See the ops' {@code syncSgForCpu}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   */
  public void syncSgForCpu(ScatterList list, int entries, DmaDirection direction) {
    ops.syncSgForCpu(device, list, entries, direction);
  }

  /**
   * See the ops' {@code syncSgForDevice}.
   *
   * @param list the list
   * @param entries original number of entries
   * @param direction direction of the mapping, never NONE
   */
  public void syncSgForDevice(ScatterList list, int entries, DmaDirection direction) {
    ops.syncSgForDevice(device, list, entries, direction);
  }

  /**
   * See the ops' {@code allocCoherent}.
   *
   * @param sizeBytes bytes
   * @return the memory, or null if there is no room
   */
  public @Nullable DmaCoherent allocCoherent(long sizeBytes) {
    return ops.allocCoherent(device, sizeBytes);
  }

  /**
   * See the ops' {@code freeCoherent}.
   *
   * @param coherent result of allocCoherent
   */
  public void freeCoherent(DmaCoherent coherent) {
    ops.freeCoherent(device, coherent);
  }

  /**
   * See the ops' {@code dmaSupported}.
   *
   * @param mask contiguous low bits
   * @return as the ops say
   */
  public boolean dmaSupported(long mask) {
    return ops.dmaSupported(device, mask);
  }

  /**
   * See the ops' {@code maxMappingSize}.
   *
   * @return as the ops say
   */
  public long maxMappingSize() {
    return ops.maxMappingSize(device);
  }

  /**
   * See the ops' {@code mergeBoundary}.
   *
   * @return as the ops say
   */
  public long mergeBoundary() {
    return ops.mergeBoundary(device);
  }

  /**
   * See the ops' {@code optMappingSize}.
   *
   * @return as the ops say
   */
  public long optMappingSize() {
    return ops.optMappingSize(device);
  }

  /**
   * See the ops' {@code requiredMask}.
   *
   * @return as the ops say
   */
  public long requiredMask() {
    return ops.requiredMask(device);
  }

  /**
   * See the ops' {@code iovaTryAlloc}.
   *
   * @param state not in use
   * @param memory what will be linked first
   * @param offsetBytes first byte that will be linked
   * @param sizeBytes to reserve
   * @return false if each range is to be mapped by itself
   */
  public boolean iovaTryAlloc(DmaIova state, DmaMemory memory, long offsetBytes, long sizeBytes) {
    return ops.iovaTryAlloc(device, state, memory, offsetBytes, sizeBytes);
  }

  /**
   * See the ops' {@code iovaLink}.
   *
   * @param state in use
   * @param iovaOffset where, from the first reserved address
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @return as the ops say
   */
  public boolean iovaLink(
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    return iovaLink(
        state, iovaOffset, memory, offsetBytes, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code iovaLink}.
   *
   * @param state in use
   * @param iovaOffset where, from the first reserved address
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes bytes
   * @param direction direction of the mapping, never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return as the ops say
   */
  public boolean iovaLink(
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return ops.iovaLink(
        device, state, iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code iovaSync}.
   *
   * @param state in use
   * @param iovaOffset first byte, from the first reserved address
   * @param lengthBytes bytes
   * @return as the ops say
   */
  public boolean iovaSync(DmaIova state, long iovaOffset, long lengthBytes) {
    return ops.iovaSync(device, state, iovaOffset, lengthBytes);
  }

  /**
   * See the ops' {@code iovaUnlink}.
   *
   * @param state in use
   * @param iovaOffset of the first range
   * @param lengthBytes of all ranges
   * @param direction as linked
   */
  public void iovaUnlink(DmaIova state, long iovaOffset, long lengthBytes, DmaDirection direction) {
    iovaUnlink(state, iovaOffset, lengthBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code iovaUnlink}.
   *
   * @param state in use
   * @param iovaOffset of the first range
   * @param lengthBytes of all ranges
   * @param direction as linked
   * @param attributes bit set of {@link DmaAttributes}
   */
  public void iovaUnlink(
      DmaIova state, long iovaOffset, long lengthBytes, DmaDirection direction, int attributes) {
    ops.iovaUnlink(device, state, iovaOffset, lengthBytes, direction, attributes);
  }

  /**
   * See the ops' {@code iovaFree}.
   *
   * @param state in use, with nothing linked
   */
  public void iovaFree(DmaIova state) {
    ops.iovaFree(device, state);
  }

  /**
   * See the ops' {@code iovaDestroy}.
   *
   * @param state in use
   * @param linkedBytes what is linked, from the beginning
   * @param direction as linked
   */
  public void iovaDestroy(DmaIova state, long linkedBytes, DmaDirection direction) {
    iovaDestroy(state, linkedBytes, direction, DmaAttributes.NONE);
  }

  /**
   * See the ops' {@code iovaDestroy}.
   *
   * @param state in use
   * @param linkedBytes what is linked, from the beginning
   * @param direction as linked
   * @param attributes bit set of {@link DmaAttributes}
   */
  public void iovaDestroy(DmaIova state, long linkedBytes, DmaDirection direction, int attributes) {
    ops.iovaDestroy(device, state, linkedBytes, direction, attributes);
  }

  /**
   * See the ops' {@code sgTable}.
   *
   * @param coherent result of allocCoherent
   * @return its memory as a list
   */
  public ScatterList sgTable(DmaCoherent coherent) {
    return ops.sgTable(device, coherent);
  }

  /**
   * Allocates pages that are mapped at once, for data that both sides sync by hand. May block.
   *
   * @param pool where the pages come from
   * @param sizeBytes at least 1
   * @param direction direction of the mapping, never NONE
   * @return the pages, or null if they can't be mapped
   * @throws DmaMemoryExhaustedException if the pool has no room
   */
  public @Nullable DmaPages allocPages(DmaMemoryPool pool, long sizeBytes, DmaDirection direction) {
    DmaMemory memory = pool.allocate(sizeBytes);
    long address;
    try {
      address = ops.mapSingle(device, memory, 0, sizeBytes, direction, DmaAttributes.NONE);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
    if (ops.mappingError(device, address)) {
      memory.close();
      return null;
    }
    return new DmaPages(memory, address, sizeBytes, direction);
  }

  /**
   * Unmaps pages and gives them back.
   *
   * @param pages result of {@link #allocPages}
   */
  public void freePages(DmaPages pages) {
    ops.unmapSingle(
        device, pages.dmaAddress(), pages.sizeBytes(), pages.direction(), DmaAttributes.NONE);
    pages.memory().close();
  }

  /**
   * Makes a pool of small blocks of coherent memory.
   *
   * @param name for messages
   * @param blockBytes size of a block, at least 1
   * @param alignmentBytes of each block, a power of two
   * @param boundaryBytes no block crosses a multiple of it: a power of two that holds a block; 0
   *     for none
   * @param maxBlocks the most blocks at a time, at least 1
   * @return an empty pool; no memory is allocated yet
   * @throws IllegalArgumentException naming what is wrong
   */
  public DmaPool createPool(
      String name, long blockBytes, long alignmentBytes, long boundaryBytes, int maxBlocks) {
    return new DmaPool(this, name, blockBytes, alignmentBytes, boundaryBytes, maxBlocks);
  }

  /** See the ops' {@code poolMisused}; for {@link DmaPool}. */
  void poolMisused(DmaPoolMisuse misuse, long dmaAddress, long sizeBytes, String detail) {
    ops.poolMisused(device, misuse, dmaAddress, sizeBytes, detail);
  }
}
