// SPDX-License-Identifier: Apache-2.0
package ib.dma.debug;

/**
 * The classes of misuse that DMA debug finds: those of Linux's {@code kernel/dma/debug.c} that
 * exist in user space, then those that only a checker around the bus can see.
 */
public enum DmaMisuse {
  /**
   * A streaming mapping shares bytes with another one of the same device, and not both are {@code
   * TO_DEVICE}. Granularity: bytes, as caches are of no concern here.
   */
  OVERLAP("overlapping mappings"),
  /** Heap, confined, closed or, for a device that writes, read-only memory. */
  UNMAPPABLE_MEMORY("memory that can't be mapped"),
  /** A list entry longer than the maximum segment, or a mapping longer than the ops' maximum. */
  ENTRY_TOO_LONG("entry longer than the maximum"),
  /** A list entry that can't but cross the segment boundary, or that the ops let cross it. */
  ENTRY_ACROSS_BOUNDARY("entry across the segment boundary"),
  /** A list that is mapped is mapped again. */
  LIST_MAPPED_TWICE("list mapped twice"),
  /** Arguments that no call may have: direction NONE, length 0, a range outside the memory. */
  INVALID_ARGUMENT("invalid argument"),
  /** Unmap of the value that means failure. */
  UNMAP_OF_ERROR("unmap of the error value"),
  /** Unmap of what this owner has not mapped there, or no longer. */
  UNMAP_OF_NOT_MAPPED("unmap of what is not mapped"),
  /** Unmap or free with another size. */
  WRONG_SIZE("wrong size"),
  /** Mapped as single, page, list or coherent, undone as another of these. */
  WRONG_FAMILY("wrong family"),
  /** Undone with a list or coherent memory that names other CPU memory. */
  WRONG_MEMORY("wrong CPU memory"),
  /** List unmapped with another number of entries. */
  WRONG_ENTRY_COUNT("wrong entry count"),
  /** Unmap in another direction. */
  WRONG_DIRECTION("wrong direction"),
  /** Unmapped without ever having asked whether the map failed. */
  ERROR_NEVER_CHECKED("mapping error never checked"),
  /** Sync of what this owner has not mapped there. */
  SYNC_OF_NOT_MAPPED("sync of what is not mapped"),
  /** Sync of bytes outside the mapping. */
  SYNC_OUTSIDE_RANGE("sync outside the range"),
  /** Sync in another direction. */
  SYNC_WRONG_DIRECTION("sync with the wrong direction"),
  /**
   * Sync for the CPU of what only the CPU writes, or for the device of what the device never reads,
   * asked for as if it were the other way round.
   */
  SYNC_SENSELESS("sync that makes no sense for the direction"),
  /** List synced with more (or fewer) entries than were mapped. */
  SYNC_WRONG_COUNT("sync of another number of entries than mapped"),
  /** Still mapped when its owner was detached. */
  LEFT_OVER("left over at detach"),
  /** The CPU wrote to {@code TO_DEVICE} memory that the device owned. */
  CPU_WRITE("CPU write to memory that the device owns"),
  /** The device reached for an address outside any mapping. */
  DEVICE_OUTSIDE_MAPPING("device access outside any mapping"),
  /** The device read or wrote where the direction of the mapping does not admit it. */
  DEVICE_WRONG_DIRECTION("device access against the direction"),
  /** A range of a two-step mapping linked out of order, not aligned, or beyond its addresses. */
  TWO_STEP_ORDER("two-step range out of order"),
  /** The device used a range of a two-step mapping before {@code iovaSync}. */
  TWO_STEP_NOT_SYNCED("two-step range used before its sync"),
  /** The addresses of a two-step mapping freed while something is linked to them. */
  TWO_STEP_STILL_LINKED("two-step mapping freed while ranges are linked"),
  /** A block of a pool freed that is free. */
  POOL_DOUBLE_FREE("pool block freed twice"),
  /** A block freed to a pool that it is not of. */
  POOL_FOREIGN_BLOCK("block of another pool"),
  /** A pool destroyed while blocks of it are in use. */
  POOL_BLOCKS_LEFT("pool destroyed with blocks in use");

  private final String words;

  DmaMisuse(String words) {
    this.words = words;
  }

  /**
   * The class in words.
   *
   * @return e.g. {@code wrong size}
   */
  public String words() {
    return words;
  }
}
