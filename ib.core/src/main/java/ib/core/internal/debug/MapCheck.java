// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.Watched.Family;
import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Checks maps before the ops see them, and enters what they mapped. */
final class MapCheck implements Place.Layer {
  /** Stands for all threads but the caller's. */
  private static final Thread ANYBODY = Thread.ofPlatform().unstarted(() -> {});

  private final Watch watch;
  private final IbDmaOps ops;

  MapCheck(Watch watch, IbDmaOps ops) {
    this.watch = watch;
    this.ops = ops;
  }

  // ---- before

  /** Checks what is to be mapped as a whole; true if something was reported. */
  boolean single(IbDevice device, DmaMemory memory, long lengthBytes, DmaDirection direction) {
    if (!watch.isAttached(device)) {
      return false;
    }
    boolean told = memory(device, memory, lengthBytes, direction);
    long longest = ops.maxMappingSize(device);
    if (lengthBytes > longest) {
      long address = memory.segment().address();
      String detail = "the ops map at most " + longest + " bytes";
      watch.report(DmaMisuse.ENTRY_TOO_LONG, null, device, address, lengthBytes, direction, detail);
      told = true;
    }
    return told;
  }

  private boolean memory(
      IbDevice device, DmaMemory memory, long lengthBytes, DmaDirection direction) {
    String wrong = wrongWith(memory, direction);
    if (wrong == null) {
      return false;
    }
    long address = memory.segment().address();
    watch.report(DmaMisuse.UNMAPPABLE_MEMORY, null, device, address, lengthBytes, direction, wrong);
    return true;
  }

  private static @Nullable String wrongWith(DmaMemory memory, DmaDirection direction) {
    MemorySegment segment = memory.segment();
    if (memory.isClosed()) {
      return "the memory is closed; map before close()";
    }
    if (memory.isPooled()) {
      return null;
    }
    if (!segment.isNative()) {
      return "heap memory moves; use memory of the pool";
    }
    if (!segment.scope().isAlive()) {
      return "the arena of the memory is closed";
    }
    if (!segment.isAccessibleBy(ANYBODY)) {
      return "the memory is confined to a thread; use memory of the pool or of a shared arena";
    }
    return segment.isReadOnly() && direction.deviceMayWrite()
        ? "the memory is read-only and the device is to write"
        : null;
  }

  /** Checks a list; true if something was reported. */
  boolean list(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    if (!watch.isAttached(device)) {
      return false;
    }
    boolean told = false;
    if (list.mappedEntries() != 0) {
      watch.report(
          DmaMisuse.LIST_MAPPED_TWICE,
          watch.books.best(device, Family.LIST, list.rawDmaAddress(0), entries, direction, false),
          device,
          list.rawDmaAddress(0),
          list.totalBytes(),
          direction,
          "unmap it first");
      told = true;
    }
    for (int i = 0; i < Math.min(entries, list.entries()); i++) {
      DmaMemory memory = list.memory(i);
      told |= memory(device, memory, list.length(i), direction);
      told |= given(device, memory.segment().address() + list.offset(i), list.length(i), direction);
    }
    return told;
  }

  private boolean given(IbDevice device, long address, long lengthBytes, DmaDirection direction) {
    boolean tooLong = lengthBytes > device.maxSegmentSizeBytes();
    if (tooLong) {
      String detail = "an entry has at most " + device.maxSegmentSizeBytes() + " bytes";
      watch.report(DmaMisuse.ENTRY_TOO_LONG, null, device, address, lengthBytes, direction, detail);
    }
    long boundary = device.segmentBoundaryMask();
    long inPage = address & (DmaMemoryPool.PAGE_SIZE - 1);
    boolean crosses = boundary >= 0 && inPage + lengthBytes - 1 > boundary;
    if (crosses) {
      String detail =
          "wherever it is placed, it crosses a multiple of 0x%x".formatted(boundary + 1);
      watch.report(
          DmaMisuse.ENTRY_ACROSS_BOUNDARY, null, device, address, lengthBytes, direction, detail);
    }
    return tooLong || crosses;
  }

  /** The ops threw at a call that no other check had found wrong. */
  void refused(IbDevice device, long address, long sizeBytes, DmaDirection direction, String why) {
    if (watch.isAttached(device)) {
      watch.report(DmaMisuse.INVALID_ARGUMENT, null, device, address, sizeBytes, direction, why);
    }
  }

  // ---- after

  void mapped(
      IbDevice device,
      Family family,
      DmaMemory memory,
      long offset,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      long address) {
    Watched mapping = new Watched(device, family, direction, lengthBytes, Place.ofCaller(), 1);
    mapping.pieces[0] = new Piece(mapping, address, lengthBytes, memory, offset);
    enter(mapping, attributes);
  }

  void allocated(IbDevice device, DmaCoherent coherent) {
    Watched mapping =
        new Watched(
            device,
            Family.COHERENT,
            DmaDirection.BIDIRECTIONAL,
            coherent.sizeBytes(),
            Place.ofCaller(),
            1);
    mapping.pieces[0] =
        new Piece(mapping, coherent.dmaAddress(), coherent.sizeBytes(), coherent.memory(), 0);
    if (!watch.books.add(mapping)) {
      watch.dropped();
    }
  }

  void mappedList(
      IbDevice device,
      ScatterList list,
      int entries,
      int mapped,
      DmaDirection direction,
      int attributes) {
    Watched mapping =
        new Watched(device, Family.LIST, direction, entries, Place.ofCaller(), entries);
    int at = 0;
    long done = 0;
    for (int i = 0; i < entries; i++) {
      long address = ops.dmaAddress(device, list, at) + done;
      mapping.pieces[i] =
          new Piece(mapping, address, list.length(i), list.memory(i), list.offset(i));
      done += list.length(i);
      if (done >= ops.dmaLen(device, list, at) && at < mapped - 1) {
        at++;
        done = 0;
      }
    }
    checkResult(mapping, list, mapped);
    enter(mapping, attributes);
  }

  /** What the ops made of a list must hold to the device's limits too. */
  private void checkResult(Watched mapping, ScatterList list, int mapped) {
    IbDevice device = mapping.device;
    long boundary = device.segmentBoundaryMask();
    for (int i = 0; i < mapped; i++) {
      long address = ops.dmaAddress(device, list, i);
      long length = ops.dmaLen(device, list, i);
      if (length > device.maxSegmentSizeBytes()) {
        String detail = "the ops made an entry longer than " + device.maxSegmentSizeBytes();
        watch.report(
            DmaMisuse.ENTRY_TOO_LONG, mapping, device, address, length, mapping.direction, detail);
      }
      if (((address ^ (address + length - 1)) & ~boundary) != 0) {
        String detail = "the ops made an entry that crosses 0x%x".formatted(boundary + 1);
        watch.report(
            DmaMisuse.ENTRY_ACROSS_BOUNDARY,
            mapping,
            device,
            address,
            length,
            mapping.direction,
            detail);
      }
    }
  }

  private void enter(Watched mapping, int attributes) {
    boolean owns = (attributes & DmaAttributes.SKIP_CPU_SYNC) == 0;
    if (owns) {
      checkOverlap(mapping);
    }
    if (watch.settings.concerns(mapping.device.owner())) {
      for (Piece piece : mapping.pieces) {
        handOver(piece, owns);
      }
    }
    if (!watch.books.add(mapping)) {
      watch.dropped();
      for (Piece piece : mapping.pieces) {
        watch.shadows.takeBack(piece);
      }
    }
  }

  private void checkOverlap(Watched mapping) {
    Piece other = watch.books.conflicting(mapping);
    if (other != null) {
      watch.report(
          DmaMisuse.OVERLAP,
          mapping,
          mapping.device,
          mapping.dmaAddress(),
          mapping.bytes(),
          mapping.direction,
          "shares bytes with %d bytes at 0x%x, %s, mapped by %s at %s"
              .formatted(
                  other.lengthBytes,
                  other.dmaAddress,
                  other.mapping.direction,
                  other.mapping.device.owner(),
                  other.mapping.place));
    }
  }

  private void handOver(Piece piece, boolean owns) {
    if (!piece.mapping.direction.deviceMayWrite()) {
      piece.handOver = new HandOver(piece.memory.segment(), piece.offset, piece.lengthBytes, owns);
    } else if (watch.settings.shadow()) {
      if (!watch.shadows.give(piece)) {
        watch.dropped();
      } else if (owns) {
        // Whatever the direction: a device that writes less than all must not wipe out the rest.
        piece.toDevice(0, piece.lengthBytes);
      }
    }
  }
}
