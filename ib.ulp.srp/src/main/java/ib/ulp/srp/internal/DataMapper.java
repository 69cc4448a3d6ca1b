// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.dma.DmaDirection;
import ib.dma.IbDma;
import ib.dma.ScatterList;

/** Maps a request's data for a device and takes the mapping back. */
final class DataMapper {
  /** {@link #map}: no room; try again later. */
  static final int NO_ROOM = 0;

  /** {@link #map}: this memory can't be mapped for this device, now or later. */
  static final int IMPOSSIBLE = -1;

  private DataMapper() {}

  static DmaDirection directionOf(BlockOperation operation) {
    return switch (operation) {
      case READ -> DmaDirection.FROM_DEVICE;
      case WRITE -> DmaDirection.TO_DEVICE;
      case FLUSH, DISCARD -> DmaDirection.NONE;
    };
  }

  /**
   * Maps the data of a request. The ranges are first cut to what one entry of this device may be.
   *
   * @return mapped entries, {@link #NO_ROOM} or {@link #IMPOSSIBLE}
   */
  static int map(IbDma dma, RequestSlot slot, BlockRequest request) {
    DmaDirection direction = directionOf(request.operation());
    long longest = dma.device().maxSegmentSizeBytes();
    ScatterList from = request.data();
    for (int i = 0; i < from.entries(); i++) {
      long offset = from.offset(i);
      for (long left = from.length(i); left > 0; ) {
        long piece = Math.min(left, longest);
        slot.data.add(from.memory(i), offset, piece);
        offset += piece;
        left -= piece;
      }
    }
    int entries = slot.data.entries();
    int mapped;
    try {
      mapped = dma.mapSg(slot.data, entries, direction);
    } catch (IllegalArgumentException e) {
      // Longer than the device can ever map: its misuse, not a lack of room.
      mapped = IMPOSSIBLE;
    } catch (RuntimeException e) {
      // Ops that fail. Thrown on, it would break this path and, with the request sent again, every
      // path after it; so it is tried again for as long as for room.
      slot.mapFault = e;
      mapped = NO_ROOM;
    }
    if (mapped <= NO_ROOM) {
      slot.data.clear();
      return mapped;
    }
    slot.direction = direction;
    slot.mappedFrom = entries;
    return mapped;
  }

  /** Takes the mapping back, with the number of entries that was given to map. */
  static void unmap(IbDma dma, RequestSlot slot) {
    if (slot.mappedFrom > 0) {
      int entries = slot.mappedFrom;
      DmaDirection direction = slot.direction;
      slot.mappedFrom = 0;
      slot.direction = DmaDirection.NONE;
      try {
        dma.unmapSg(slot.data, entries, direction);
      } catch (RuntimeException e) {
        // The slot is used again, with another list; core counts what stays mapped.
        slot.data = new ScatterList(entries);
        throw e;
      }
      slot.data.clear();
    }
  }
}
