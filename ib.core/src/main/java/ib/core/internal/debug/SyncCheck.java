// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.Watched.Family;
import ib.dma.DmaDirection;
import ib.dma.IbDevice;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import org.jspecify.annotations.Nullable;

/** Checks syncs before the ops see them, and then moves ownership and data as they do. */
final class SyncCheck implements Place.Layer {
  private final Watch watch;

  SyncCheck(Watch watch) {
    this.watch = watch;
  }

  /**
   * Checks the sync of part of a single or page mapping.
   *
   * @return the mapping, or null if there is none that could be synced so
   */
  @Nullable Watched single(
      IbDevice device,
      long address,
      long offset,
      long lengthBytes,
      DmaDirection direction,
      boolean toCpu) {
    Watched mapping =
        find(device, Family.SINGLE, address, offset + lengthBytes, lengthBytes, direction);
    if (mapping == null) {
      return null;
    }
    if (mapping.family == Family.LIST || mapping.family == Family.COHERENT) {
      report(
          DmaMisuse.WRONG_FAMILY,
          mapping,
          address,
          lengthBytes,
          direction,
          "mapped as " + mapping.family.label() + ", synced as single");
      return null;
    }
    long size = mapping.bytes();
    if (offset < 0 || lengthBytes < 0 || offset > size - lengthBytes) {
      report(
          DmaMisuse.SYNC_OUTSIDE_RANGE,
          mapping,
          address + offset,
          lengthBytes,
          direction,
          "bytes %d to %d of a mapping of %d".formatted(offset, offset + lengthBytes, size));
      return null;
    }
    checkDirection(mapping, address, lengthBytes, direction, toCpu);
    return mapping;
  }

  /** Checks the sync of a list; as {@link #single}. */
  @Nullable Watched list(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, boolean toCpu) {
    if (list.mappedEntries() == 0) {
      notMapped(null, device, 0, list.totalBytes(), direction);
      return null;
    }
    long address = list.rawDmaAddress(0);
    Watched mapping = find(device, Family.LIST, address, entries, list.totalBytes(), direction);
    if (mapping == null) {
      return null;
    }
    if (mapping.family != Family.LIST) {
      report(
          DmaMisuse.WRONG_FAMILY,
          mapping,
          address,
          mapping.bytes(),
          direction,
          "mapped as " + mapping.family.label() + ", synced as list");
      return null;
    }
    if (mapping.quantity != entries) {
      report(
          DmaMisuse.SYNC_WRONG_COUNT,
          mapping,
          address,
          mapping.bytes(),
          direction,
          "mapped with " + mapping.quantity + " entries, synced with " + entries);
    }
    checkDirection(mapping, address, mapping.bytes(), direction, toCpu);
    return mapping;
  }

  private @Nullable Watched find(
      IbDevice device,
      Family family,
      long address,
      long quantity,
      long sizeBytes,
      DmaDirection direction) {
    if (!watch.isAttached(device)) {
      return null;
    }
    Watched mapping = watch.books.best(device, family, address, quantity, direction, false);
    if (mapping == null || !mapping.device.equals(device)) {
      notMapped(mapping, device, address, sizeBytes, direction);
      return null;
    }
    return mapping;
  }

  private void notMapped(
      @Nullable Watched other,
      IbDevice device,
      long address,
      long sizeBytes,
      DmaDirection direction) {
    if (!watch.isAttached(device) || watch.books.isIncomplete()) {
      return;
    }
    watch.report(
        DmaMisuse.SYNC_OF_NOT_MAPPED,
        other,
        device,
        address,
        sizeBytes,
        direction,
        other == null
            ? "no mapping begins there; give its beginning and an offset"
            : "it was mapped by " + other.device.owner());
  }

  private void checkDirection(
      Watched mapping, long address, long sizeBytes, DmaDirection direction, boolean toCpu) {
    if (mapping.direction == direction) {
      return;
    }
    String asked = "mapped " + mapping.direction + ", synced " + direction;
    report(DmaMisuse.SYNC_WRONG_DIRECTION, mapping, address, sizeBytes, direction, asked);
    if (toCpu && !mapping.direction.deviceMayWrite()) {
      report(
          DmaMisuse.SYNC_SENSELESS,
          mapping,
          address,
          sizeBytes,
          direction,
          "the device wrote nothing the CPU could see");
    } else if (!toCpu && !mapping.direction.deviceMayRead()) {
      report(
          DmaMisuse.SYNC_SENSELESS,
          mapping,
          address,
          sizeBytes,
          direction,
          "the device reads nothing the CPU could have written");
    }
  }

  private void report(
      DmaMisuse misuse,
      Watched mapping,
      long address,
      long sizeBytes,
      DmaDirection direction,
      String detail) {
    watch.report(misuse, mapping, mapping.device, address, sizeBytes, direction, detail);
  }

  /** The ops have synced part of a mapping. */
  void synced(@Nullable Watched mapping, long offset, long lengthBytes, boolean toCpu) {
    if (mapping != null) {
      synced(mapping.pieces[0], offset, lengthBytes, toCpu);
    }
  }

  /** The ops have synced a list. */
  void syncedAll(@Nullable Watched mapping, boolean toCpu) {
    if (mapping != null) {
      for (Piece piece : mapping.pieces) {
        synced(piece, 0, piece.lengthBytes, toCpu);
      }
    }
  }

  private void synced(Piece piece, long offset, long lengthBytes, boolean toCpu) {
    DmaDirection direction = piece.mapping.direction;
    if (toCpu && direction.deviceMayWrite()) {
      piece.toCpu(offset, lengthBytes);
    } else if (!toCpu && direction.deviceMayRead()) {
      piece.toDevice(offset, lengthBytes);
    }
    HandOver owned = piece.handOver;
    if (owned == null || lengthBytes == 0) {
      return;
    }
    long at = owned.give(offset, offset + lengthBytes, !toCpu);
    if (at != HandOver.INTACT) {
      report(
          DmaMisuse.CPU_WRITE,
          piece.mapping,
          piece.dmaAddress,
          piece.lengthBytes,
          direction,
          "written between hand-over and sync, in a range from offset " + at);
    }
  }
}
