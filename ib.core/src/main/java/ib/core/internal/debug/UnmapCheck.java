// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.Watched.Family;
import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks unmaps before the ops see them, and strikes out what they unmapped. */
final class UnmapCheck implements Place.Layer {
  private final Watch watch;
  private final IbDmaOps ops;

  UnmapCheck(Watch watch, IbDmaOps ops) {
    this.watch = watch;
    this.ops = ops;
  }

  /**
   * Checks what is to be unmapped and claims it.
   *
   * @param quantity bytes; of a list entries
   * @return the mapping, or null if none is known that this owner can have meant
   */
  @Nullable Watched claim(
      IbDevice device, Family family, long address, long quantity, DmaDirection direction) {
    if (!watch.isAttached(device)) {
      return null;
    }
    if (family != Family.LIST && ops.mappingError(device, address)) {
      String detail = "ask mappingError after each map; what failed is not unmapped";
      watch.report(DmaMisuse.UNMAP_OF_ERROR, null, device, address, quantity, direction, detail);
      return null;
    }
    Watched mapping = watch.books.best(device, family, address, quantity, direction, true);
    if (mapping == null || !mapping.device.equals(device)) {
      notMapped(mapping, device, family, address, quantity, direction);
      return null;
    }
    compare(mapping, family, quantity, direction);
    if (!mapping.checked) {
      report(DmaMisuse.ERROR_NEVER_CHECKED, mapping, "ask mappingError after the map");
    }
    checkWrites(mapping);
    return mapping;
  }

  private void notMapped(
      @Nullable Watched other,
      IbDevice device,
      Family family,
      long address,
      long quantity,
      DmaDirection direction) {
    // An owner that is detached meanwhile has nothing left; and what is not watched is not known.
    if (!watch.isAttached(device) || watch.books.isIncomplete()) {
      return;
    }
    String detail =
        other == null
            ? "nothing is mapped there as " + family.label()
            : "it was mapped by " + other.device.owner();
    watch.report(
        DmaMisuse.UNMAP_OF_NOT_MAPPED, other, device, address, quantity, direction, detail);
  }

  private void compare(Watched mapping, Family family, long quantity, DmaDirection direction) {
    if (mapping.family != family) {
      report(
          DmaMisuse.WRONG_FAMILY,
          mapping,
          "mapped as " + mapping.family.label() + ", undone as " + family.label());
    } else if (mapping.quantity != quantity) {
      report(
          family == Family.LIST ? DmaMisuse.WRONG_ENTRY_COUNT : DmaMisuse.WRONG_SIZE,
          mapping,
          "mapped with " + mapping.quantity + ", undone with " + quantity);
    }
    if (mapping.direction != direction) {
      report(DmaMisuse.WRONG_DIRECTION, mapping, "undone as " + direction);
    }
  }

  private void report(DmaMisuse misuse, Watched mapping, String detail) {
    watch.report(
        misuse,
        mapping,
        mapping.device,
        mapping.dmaAddress(),
        mapping.bytes(),
        mapping.direction,
        detail);
  }

  private void checkWrites(Watched mapping) {
    for (Piece piece : mapping.pieces) {
      HandOver owned = piece.handOver;
      long at = owned == null ? HandOver.INTACT : owned.check();
      if (at != HandOver.INTACT) {
        report(
            DmaMisuse.CPU_WRITE,
            mapping,
            "written between hand-over and unmap, in a range from offset " + at);
      }
    }
  }

  /** Two-step ranges that are to be unlinked; told is true if something was reported. */
  record Linked(List<Watched> mappings, boolean told) {}

  /** As {@link #claim}, of all two-step ranges in some addresses. */
  Linked claimLinked(IbDevice device, long address, long lengthBytes, DmaDirection direction) {
    List<Watched> claimed = new ArrayList<>();
    boolean told = false;
    long end = address + lengthBytes;
    for (long at = address; at < end && watch.isAttached(device); ) {
      Watched mapping = watch.books.best(device, Family.IOVA, at, lengthBytes, direction, true);
      if (mapping == null || !mapping.device.equals(device)) {
        notMapped(mapping, device, Family.IOVA, at, end - at, direction);
        return new Linked(claimed, true);
      }
      claimed.add(mapping);
      at += mapping.bytes();
      if (mapping.family != Family.IOVA || at > end) {
        compare(mapping, Family.IOVA, mapping.bytes() - Math.max(0, at - end), direction);
        told = true;
      } else if (mapping.direction != direction) {
        report(DmaMisuse.WRONG_DIRECTION, mapping, "unlinked as " + direction);
        told = true;
      }
      checkWrites(mapping);
    }
    return new Linked(claimed, told);
  }

  /** As {@link #claim}, of a list; one that is not mapped has no address to go by. */
  @Nullable Watched claimList(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    if (list.mappedEntries() == 0) {
      if (watch.isAttached(device)) {
        notMapped(null, device, Family.LIST, 0, entries, direction);
      }
      return null;
    }
    Watched mapping = claim(device, Family.LIST, list.rawDmaAddress(0), entries, direction);
    if (mapping != null && mapping.family == Family.LIST && mapping.quantity == entries) {
      checkList(mapping, list, entries);
    }
    return mapping;
  }

  /** Checks that a list names the memory that was mapped. */
  private void checkList(Watched mapping, ScatterList list, int entries) {
    for (int i = 0; i < Math.min(entries, list.entries()); i++) {
      Piece piece = mapping.pieces[i];
      if (piece.memory != list.memory(i)
          || piece.offset != list.offset(i)
          || piece.lengthBytes != list.length(i)) {
        report(
            DmaMisuse.WRONG_MEMORY,
            mapping,
            "entry " + i + " names " + list.memory(i) + ", mapped was " + piece.memory);
        return;
      }
    }
  }

  /** Checks that coherent memory is what was allocated. */
  void checkMemory(Watched mapping, DmaMemory memory) {
    if (mapping.family == Family.COHERENT && mapping.pieces[0].memory != memory) {
      report(
          DmaMisuse.WRONG_MEMORY,
          mapping,
          "freed with " + memory + ", allocated was " + mapping.pieces[0].memory);
    }
  }

  /** The ops refused: it lives on. */
  void kept(@Nullable Watched mapping) {
    if (mapping != null) {
      watch.books.stay(mapping);
    }
  }

  /** The ops have unmapped it. */
  void done(@Nullable Watched mapping, int attributes) {
    if (mapping == null) {
      watch.books.removeUnwatched();
      return;
    }
    boolean shows = (attributes & DmaAttributes.SKIP_CPU_SYNC) == 0;
    for (Piece piece : mapping.pieces) {
      if (shows) {
        piece.toCpu(0, piece.lengthBytes);
      }
    }
    watch.forget(mapping);
  }
}
