// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The DMA mapping operations of a device: the table {@code ib_dma_ops} that InfiniBand's Linux
 * developers agreed on in 2006 (later {@code struct ib_dma_mapping_ops} in {@code
 * include/rdma/ib_verbs.h}), every function of which takes the device first.
 *
 * <p>What a DMA address means belongs to the ops. Users map through the {@link IbDma} of their
 * device and never interpret an address.
 *
 * <h2>Ownership</h2>
 *
 * From map to unmap the device owns the buffer; the CPU touches it only between {@code sync…ForCpu}
 * and {@code sync…ForDevice}. Memory mapped {@link DmaDirection#TO_DEVICE} is only read by the
 * device. {@link DmaDirection#NONE} is never valid. Every map has its unmap, with the arguments of
 * the map, in the same family (single, page, sg, coherent), through the same ops. After unmap
 * returns, no access of the device <em>begun</em> later succeeds.
 *
 * <h2>Errors</h2>
 *
 * A map that fails returns a value for which {@link #mappingError} is true ({@code mapSg}: 0
 * entries); it does not throw for lack of room, an address outside the mask, closed or unmappable
 * memory, or a detached device: those are conditions of run time. Misuse throws: {@link
 * NullPointerException}, {@link IndexOutOfBoundsException} (range outside the memory), {@link
 * IllegalArgumentException} (direction NONE, length 0 or above the maximum, unsupported attributes,
 * unmap of what is not mapped that way, a device that is attached to other ops); messages name
 * device and address. An unmap through a view that is already detached is ignored: core has
 * reclaimed what it stood for.
 *
 * <h2>Threads</h2>
 *
 * All operations may be called from any thread at the same time; streaming calls never block. The
 * caller orders calls on one mapping.
 *
 * <h2>Life</h2>
 *
 * {@link #attach} is called before the first operation with a device object: by core for the root
 * device (a new address space) and then for each view (a new book of that space). {@link #detach}
 * counts what is left, reclaims it and forgets the object. Per-device state lives in {@link
 * IbDevice#opsData()}.
 */
@ConsumerType
public interface IbDmaOps {
  /** Service property, {@code Boolean.TRUE} on the one shared default ops of {@code ib.core}. */
  String DEFAULT = "ib.dma.default";

  /**
   * Begins the life of a device object with these ops.
   *
   * @param device a root device: makes its address space; a view: opens its book in the space of
   *     its parent
   * @throws IllegalStateException if it is attached already, or the parent of a view is not
   *     attached
   */
  void attach(IbDevice device);

  /**
   * What the owner of this object has mapped now.
   *
   * @param device an attached root (what the driver itself has) or view
   * @return live mappings; {@link DmaUsage#NONE} if not attached
   */
  DmaUsage usage(IbDevice device);

  /**
   * Ends the life of a device object: counts what its owner left mapped, then reclaims it.
   * Detaching the root ends the address space: the device reaches nothing any more.
   *
   * @param device an attached root or view; views first
   * @return what was left before the reclaim; {@link DmaUsage#NONE} if not attached
   */
  DmaUsage detach(IbDevice device);

  /**
   * The bus of the address space.
   *
   * @param device an attached root device
   * @return how its hardware reaches memory
   * @throws IllegalStateException if not attached
   */
  DmaBus bus(IbDevice device);

  /**
   * What these ops hold against misuse for this device. An ops that wraps another passes this on,
   * with what it adds.
   *
   * @param device the device
   * @return all guarantees, unless the ops say otherwise
   */
  default Set<DmaGuarantee> guarantees(IbDevice device) {
    return EnumSet.allOf(DmaGuarantee.class);
  }

  /**
   * What these ops have done for a device, of all its users. An ops that wraps another passes this
   * on.
   *
   * @param device an attached root device
   * @return figures; unless the ops say otherwise, nothing but what the driver itself has mapped
   */
  default DmaStatistics statistics(IbDevice device) {
    return DmaStatistics.uncounted(usage(device));
  }

  /**
   * Whether a map failed.
   *
   * @param device the device
   * @param dmaAddress result of a map
   * @return true if it is this ops' error value; such an address is never unmapped or given to a
   *     device
   */
  boolean mappingError(IbDevice device, long dmaAddress);

  /**
   * Maps one range.
   *
   * @param device the device
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes 1 to {@link #maxMappingSize}
   * @param direction never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return a DMA address, or the error value
   */
  long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes);

  /**
   * Undoes {@link #mapSingle}.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param lengthBytes as mapped
   * @param direction as mapped
   * @param attributes bit set of {@link DmaAttributes}
   */
  void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes);

  /**
   * Maps part of one page.
   *
   * @param device the device
   * @param memory the memory
   * @param pageIndex page of {@link DmaMemoryPool#PAGE_SIZE} bytes within the memory
   * @param offsetInPage first byte within the page
   * @param lengthBytes may not leave the page
   * @param direction never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return a DMA address, or the error value
   */
  default long mapPage(
      IbDevice device,
      DmaMemory memory,
      long pageIndex,
      int offsetInPage,
      int lengthBytes,
      DmaDirection direction,
      int attributes) {
    DmaArguments.checkPage(device, pageIndex, offsetInPage, lengthBytes);
    return mapSingle(
        device,
        memory,
        pageIndex * DmaMemoryPool.PAGE_SIZE + offsetInPage,
        lengthBytes,
        direction,
        attributes);
  }

  /**
   * Undoes {@link #mapPage}.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param lengthBytes as mapped
   * @param direction as mapped
   * @param attributes bit set of {@link DmaAttributes}
   */
  default void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    unmapSingle(device, dmaAddress, lengthBytes, direction, attributes);
  }

  /**
   * Maps a scatter-gather list. May merge neighbours and so return fewer entries than given; an
   * entry is never longer than {@link IbDevice#maxSegmentSizeBytes()} and never crosses the segment
   * boundary.
   *
   * @param device the device
   * @param list the ranges; must not be mapped
   * @param entries how many of its ranges, from the first
   * @param direction never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return mapped entries, or 0 on failure, when nothing stays mapped
   */
  int mapSg(IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes);

  /**
   * Undoes {@link #mapSg}.
   *
   * @param device the device
   * @param list as mapped
   * @param entries the <em>original</em> number of entries, not what {@code mapSg} returned
   * @param direction as mapped
   * @param attributes bit set of {@link DmaAttributes}
   */
  void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes);

  /**
   * DMA address of a mapped entry.
   *
   * @param device the device
   * @param list a mapped list
   * @param index below the result of {@code mapSg}
   * @return DMA address
   */
  default long dmaAddress(IbDevice device, ScatterList list, int index) {
    return list.rawDmaAddress(index);
  }

  /**
   * Length of a mapped entry.
   *
   * @param device the device
   * @param list a mapped list
   * @param index below the result of {@code mapSg}
   * @return bytes
   */
  default long dmaLen(IbDevice device, ScatterList list, int index) {
    return list.rawDmaLength(index);
  }

  /**
   * Gives the CPU sight of what the device wrote.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param lengthBytes from the beginning of the mapping, at most its length
   * @param direction as mapped
   */
  default void syncSingleForCpu(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    syncSingleRangeForCpu(device, dmaAddress, 0, lengthBytes, direction);
  }

  /**
   * Gives the device sight of what the CPU wrote.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param lengthBytes from the beginning of the mapping, at most its length
   * @param direction as mapped
   */
  default void syncSingleForDevice(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    syncSingleRangeForDevice(device, dmaAddress, 0, lengthBytes, direction);
  }

  /**
   * {@link #syncSingleForCpu} for a part.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param offsetBytes first byte within the mapping
   * @param lengthBytes bytes, within the mapping
   * @param direction as mapped
   */
  void syncSingleRangeForCpu(
      IbDevice device, long dmaAddress, long offsetBytes, long lengthBytes, DmaDirection direction);

  /**
   * {@link #syncSingleForDevice} for a part.
   *
   * @param device the device
   * @param dmaAddress as mapped
   * @param offsetBytes first byte within the mapping
   * @param lengthBytes bytes, within the mapping
   * @param direction as mapped
   */
  void syncSingleRangeForDevice(
      IbDevice device, long dmaAddress, long offsetBytes, long lengthBytes, DmaDirection direction);

  /**
   * Syncs a whole list for the CPU.
   *
   * @param device the device
   * @param list a mapped list
   * @param entries the original number of entries
   * @param direction as mapped
   */
  void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction);

  /**
   * Syncs a whole list for the device.
   *
   * @param device the device
   * @param list a mapped list
   * @param entries the original number of entries
   * @param direction as mapped
   */
  void syncSgForDevice(IbDevice device, ScatterList list, int entries, DmaDirection direction);

  /**
   * Allocates coherent memory, zeroed. May block.
   *
   * @param device the device
   * @param sizeBytes at least 1
   * @return the memory, or null if there is no room
   * @throws DmaNotSupportedException if these ops have no coherent memory
   */
  default @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    throw new DmaNotSupportedException(device, "allocCoherent");
  }

  /**
   * Frees coherent memory. May block.
   *
   * @param device the device
   * @param coherent result of {@link #allocCoherent}
   */
  default void freeCoherent(IbDevice device, DmaCoherent coherent) {
    throw new DmaNotSupportedException(device, "freeCoherent");
  }

  /**
   * Whether a device with this mask can work with these ops.
   *
   * @param device the device
   * @param mask contiguous low bits
   * @return true if every address given out can satisfy the mask
   */
  default boolean dmaSupported(IbDevice device, long mask) {
    return mask == -1L;
  }

  /**
   * Longest single mapping.
   *
   * @param device the device
   * @return bytes
   */
  default long maxMappingSize(IbDevice device) {
    return Long.MAX_VALUE;
  }

  /**
   * Entries of a list whose ends meet on a multiple of this + 1 can be merged.
   *
   * @param device the device
   * @return granularity - 1, or 0 if these ops never merge
   */
  default long mergeBoundary(IbDevice device) {
    return 0;
  }

  /**
   * Longest mapping that is made fast; longer ones work up to {@link #maxMappingSize}.
   *
   * @param device the device
   * @return bytes
   */
  default long optMappingSize(IbDevice device) {
    return maxMappingSize(device);
  }

  /**
   * The narrowest mask that holds every address these ops would give to this device.
   *
   * @param device the device
   * @return contiguous low bits; -1, 64 bits, unless the ops know better
   */
  default long requiredMask(IbDevice device) {
    return -1L;
  }

  // ---- mappings in two steps

  /**
   * Reserves addresses for a mapping that ranges are linked to afterwards: for large mappings, and
   * those that grow. Optional; where it is false each range is mapped by itself.
   *
   * <p>Ranges are linked in order, each where what is linked from the beginning ends. But for the
   * start of the first and the end of the last one, all begin and end on a multiple of {@link
   * #mergeBoundary} + 1. The device may use what is linked after {@link #iovaSync}. Everything is
   * unlinked before {@link #iovaFree}. A state in use counts as one mapping of the bytes linked.
   * CPU and device syncs of a linked range are those of a single mapping at its address.
   *
   * @param device the device
   * @param state not in use; in use if the result is true
   * @param memory what will be linked first: its place within the merge boundary is that of the
   *     addresses too
   * @param offsetBytes first byte that will be linked
   * @param sizeBytes to reserve, at least 1
   * @return false if these ops reserve no addresses, or there is no room
   * @throws IllegalArgumentException if the size is not positive, or the state is in use
   */
  default boolean iovaTryAlloc(
      IbDevice device, DmaIova state, DmaMemory memory, long offsetBytes, long sizeBytes) {
    return false;
  }

  /**
   * Links a range to reserved addresses.
   *
   * @param device the device
   * @param state in use
   * @param iovaOffset where, from the first reserved address
   * @param memory the memory
   * @param offsetBytes first byte
   * @param lengthBytes at least 1
   * @param direction never NONE
   * @param attributes bit set of {@link DmaAttributes}
   * @return false if it failed, as a map can; then nothing was linked
   * @throws IllegalArgumentException if it is out of order, not aligned, or beyond what is reserved
   */
  default boolean iovaLink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    throw new DmaNotSupportedException(device, "iovaLink");
  }

  /**
   * Lets the device reach linked ranges.
   *
   * @param device the device
   * @param state in use
   * @param iovaOffset first byte, from the first reserved address
   * @param lengthBytes all of them linked, at least 1
   * @return false if the device was detached meanwhile
   * @throws IllegalArgumentException if a byte of them is not linked
   */
  default boolean iovaSync(IbDevice device, DmaIova state, long iovaOffset, long lengthBytes) {
    throw new DmaNotSupportedException(device, "iovaSync");
  }

  /**
   * Undoes {@link #iovaLink} of one or more whole ranges; the addresses stay reserved, for other
   * memory.
   *
   * @param device the device
   * @param state in use
   * @param iovaOffset of the first range
   * @param lengthBytes of all of them
   * @param direction as linked
   * @param attributes bit set of {@link DmaAttributes}
   * @throws IllegalArgumentException if that is not what is linked
   */
  default void iovaUnlink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    throw new DmaNotSupportedException(device, "iovaUnlink");
  }

  /**
   * Gives reserved addresses back. The state is not in use afterwards.
   *
   * @param device the device
   * @param state in use, with nothing linked
   * @throws IllegalArgumentException if something is linked
   */
  default void iovaFree(IbDevice device, DmaIova state) {
    throw new DmaNotSupportedException(device, "iovaFree");
  }

  /**
   * Unlinks everything and gives the addresses back.
   *
   * @param device the device
   * @param state in use
   * @param linkedBytes what is linked, from the beginning
   * @param direction as linked
   * @param attributes bit set of {@link DmaAttributes}
   * @throws IllegalArgumentException if that is not what is linked
   */
  default void iovaDestroy(
      IbDevice device, DmaIova state, long linkedBytes, DmaDirection direction, int attributes) {
    if (linkedBytes > 0) {
      iovaUnlink(device, state, 0, linkedBytes, direction, attributes);
    }
    iovaFree(device, state);
  }

  // ---- beside mapping

  /**
   * The memory of a coherent allocation as a list, e.g. to map it for another device too.
   *
   * @param device the device
   * @param coherent result of {@link #allocCoherent}
   * @return a list that is not mapped
   */
  default ScatterList sgTable(IbDevice device, DmaCoherent coherent) {
    return new ScatterList(1).add(coherent.memory(), 0, coherent.sizeBytes());
  }

  /**
   * Told by a {@link DmaPool} of this device what its user did wrong, before he is told by an
   * exception. For those who watch; others need not care.
   *
   * @param device the device
   * @param misuse what
   * @param dmaAddress of the block
   * @param sizeBytes bytes concerned
   * @param detail which pool, and what is wrong
   */
  default void poolMisused(
      IbDevice device, DmaPoolMisuse misuse, long dmaAddress, long sizeBytes, String detail) {}
}
