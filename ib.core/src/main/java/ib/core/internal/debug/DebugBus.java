// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.debug.DmaMisuse;
import org.jspecify.annotations.Nullable;

/** The bus of a watched attachment: compares each access with the books, and shows the copies. */
final class DebugBus implements DmaBus {
  private final Watch watch;
  private final DmaBus bus;

  DebugBus(Watch watch, DmaBus bus) {
    this.watch = watch;
    this.bus = bus;
  }

  @Override
  public DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window) {
    // The books first: what is unmapped in between is a fault, and no access of before.
    Piece first = watch.books.reachedAt(dmaAddress, access);
    DmaFault fault = bus.resolve(dmaAddress, lengthBytes, access, window);
    if (fault == DmaFault.DETACHED) {
      return fault;
    }
    Piece early = watch.books.unsynced(dmaAddress, lengthBytes);
    if (early != null) {
      String detail = "linked and not synced; iovaSync before use";
      report(DmaMisuse.TWO_STEP_NOT_SYNCED, early, dmaAddress, lengthBytes, access, detail);
      if (fault != DmaFault.NONE) {
        return fault;
      }
    }
    if (fault != DmaFault.NONE) {
      DmaMisuse misuse =
          fault == DmaFault.WRONG_DIRECTION
              ? DmaMisuse.DEVICE_WRONG_DIRECTION
              : DmaMisuse.DEVICE_OUTSIDE_MAPPING;
      report(misuse, first, dmaAddress, lengthBytes, access, "the bus says " + fault);
      return fault;
    }
    if (first == null) {
      outside(null, dmaAddress, lengthBytes, access);
      return fault;
    }
    compare(first, dmaAddress, lengthBytes, access);
    long delta = dmaAddress - first.dmaAddress;
    long run = Math.min(window.length(), first.lengthBytes - delta);
    DmaMemory copy = first.shadow;
    if (copy == null) {
      window.set(window.segment(), window.offset(), run);
    } else {
      window.set(copy.segment(), first.shadowOffset + delta, run);
    }
    return fault;
  }

  /** Ops that grant more than what is mapped (identity ops do) leave it to this check. */
  private void compare(Piece first, long dmaAddress, long lengthBytes, DmaAccess access) {
    long end = dmaAddress + lengthBytes;
    Piece piece = first;
    for (long at = dmaAddress; piece != null; ) {
      if (!access.allowedBy(piece.mapping.direction)) {
        report(
            DmaMisuse.DEVICE_WRONG_DIRECTION,
            piece,
            dmaAddress,
            lengthBytes,
            access,
            "mapped " + piece.mapping.direction);
        return;
      }
      at = piece.dmaAddress + piece.lengthBytes;
      if (at >= end) {
        return;
      }
      piece = watch.books.reachedAt(at, access);
    }
    outside(first, dmaAddress, lengthBytes, access);
  }

  private void outside(@Nullable Piece near, long dmaAddress, long lengthBytes, DmaAccess access) {
    if (!watch.books.isIncomplete()) {
      String detail =
          near == null ? "nothing is mapped there" : "begins inside a mapping and leaves it";
      report(DmaMisuse.DEVICE_OUTSIDE_MAPPING, near, dmaAddress, lengthBytes, access, detail);
    }
  }

  private void report(
      DmaMisuse misuse,
      @Nullable Piece near,
      long dmaAddress,
      long lengthBytes,
      DmaAccess access,
      String detail) {
    IbDevice owner = near == null ? watch.root : near.mapping.device;
    watch.report(
        misuse,
        near == null ? null : near.mapping,
        owner,
        dmaAddress,
        lengthBytes,
        near == null ? DmaDirection.NONE : near.mapping.direction,
        "thread " + Thread.currentThread().getName(),
        access + " by the device: " + detail);
  }
}
