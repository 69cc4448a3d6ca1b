// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.Watched.Family;
import ib.dma.DmaAccess;
import ib.dma.DmaDirection;
import ib.dma.IbDevice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Every live mapping of an attachment, by DMA address and by CPU address, up to a bound. With
 * identity mapping several live at one address. A short lock guards it; nothing foreign is called
 * under it. Thread-safe.
 */
final class Books {
  private final int maxPieces;
  private final RangeIndex byDma = new RangeIndex();
  private final RangeIndex byCpu = new RangeIndex();
  private int pieces;
  private long serial;

  /** Live mappings that found no room here. */
  private long unwatched;

  Books(int maxPieces) {
    this.maxPieces = maxPieces;
  }

  /**
   * Enters a mapping.
   *
   * @return false if there is no room: it lives unwatched
   */
  synchronized boolean add(Watched mapping) {
    if (mapping.pieces.length > maxPieces - pieces) {
      unwatched++;
      return false;
    }
    pieces += mapping.pieces.length;
    for (Piece piece : mapping.pieces) {
      piece.serial = ++serial;
      byDma.add(piece.dmaAddress, piece);
      if (mapping.family != Family.COHERENT) {
        byCpu.add(piece.cpuAddress(), piece);
      }
    }
    return true;
  }

  synchronized void remove(Watched mapping) {
    pieces -= mapping.pieces.length;
    for (Piece piece : mapping.pieces) {
      byDma.remove(piece.dmaAddress, piece);
      if (mapping.family != Family.COHERENT) {
        byCpu.remove(piece.cpuAddress(), piece);
      }
    }
  }

  /** A mapping that was never entered is undone. */
  synchronized void removeUnwatched() {
    unwatched = Math.max(0, unwatched - 1);
  }

  /** True if a mapping that is not found here may yet be live. */
  synchronized boolean isIncomplete() {
    return unwatched > 0;
  }

  /**
   * Finds the mapping that begins at an address and fits a call best: owner, family, quantity and
   * direction count in this order.
   *
   * @param claim true to mark it as leaving, so that nobody else finds it
   * @return null if none begins there that is not leaving
   */
  synchronized @Nullable Watched best(
      IbDevice device,
      Family family,
      long address,
      long quantity,
      DmaDirection direction,
      boolean claim) {
    Watched best = null;
    int bestScore = -1;
    for (Piece piece : byDma.at(address)) {
      Watched mapping = piece.mapping;
      if (mapping.leaving || mapping.pieces[0] != piece) {
        continue;
      }
      int score =
          (mapping.device.equals(device) ? 8 : 0)
              + (mapping.family == family ? 4 : 0)
              + (mapping.quantity == quantity ? 2 : 0)
              + (mapping.direction == direction ? 1 : 0);
      if (score >= bestScore) {
        best = mapping;
        bestScore = score;
      }
    }
    if (claim && best != null && best.device.equals(device)) {
      best.leaving = true;
    }
    return best;
  }

  synchronized void stay(Watched mapping) {
    mapping.leaving = false;
  }

  /** Notes that somebody asked whether the map of an address failed: the oldest not asked yet. */
  synchronized void checked(IbDevice device, long address) {
    for (Piece piece : byDma.at(address)) {
      Watched mapping = piece.mapping;
      if (mapping.device.equals(device) && !mapping.checked) {
        mapping.checked = true;
        return;
      }
    }
  }

  /** What the device reaches at an address: the newest mapping, if any, that admits the access. */
  synchronized @Nullable Piece reachedAt(long address, DmaAccess access) {
    Piece allowed =
        byDma.newest(
            address, 1, piece -> piece.holds(address) && access.allowedBy(piece.mapping.direction));
    return allowed != null ? allowed : byDma.newest(address, 1, piece -> piece.holds(address));
  }

  /** Notes that the device may use the two-step ranges that have a byte of some addresses. */
  synchronized void synced(IbDevice device, long address, long lengthBytes) {
    long end = address + lengthBytes;
    for (long at = address; at < end; ) {
      long here = at;
      Piece piece =
          byDma.newest(here, 1, one -> one.holds(here) && one.mapping.device.equals(device));
      if (piece == null) {
        return;
      }
      piece.mapping.synced = true;
      at = piece.dmaAddress + piece.lengthBytes;
    }
  }

  /** A two-step range in an access that the device may not use yet. */
  synchronized @Nullable Piece unsynced(long address, long lengthBytes) {
    return byDma.newest(address, lengthBytes, piece -> isUnsynced(piece, address, lengthBytes));
  }

  private static boolean isUnsynced(Piece piece, long address, long lengthBytes) {
    return !piece.mapping.synced
        && piece.dmaAddress < address + lengthBytes
        && address < piece.dmaAddress + piece.lengthBytes;
  }

  /** A live mapping whose CPU memory shares bytes with this one and conflicts with it. */
  synchronized @Nullable Piece conflicting(Watched mapping) {
    for (Piece mine : mapping.pieces) {
      long first = mine.cpuAddress();
      Piece other =
          byCpu.newest(
              first,
              mine.lengthBytes,
              piece ->
                  piece.mapping != mapping
                      && !piece.mapping.leaving
                      && shares(first, mine.lengthBytes, piece)
                      && conflict(mapping.direction, piece.mapping.direction));
      if (other != null) {
        return other;
      }
    }
    return null;
  }

  private static boolean shares(long first, long lengthBytes, Piece piece) {
    long begin = piece.cpuAddress();
    return first < begin + piece.lengthBytes && begin < first + lengthBytes;
  }

  private static boolean conflict(DmaDirection one, DmaDirection other) {
    return one.deviceMayWrite() || other.deviceMayWrite();
  }

  /** Claims all live mappings of an owner; of everybody if null. */
  synchronized List<Watched> claimAll(@Nullable IbDevice device) {
    Set<Watched> found = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Watched> ordered = new ArrayList<>();
    byDma.forEach(
        piece -> {
          Watched mapping = piece.mapping;
          if (!mapping.leaving
              && (device == null || mapping.device.equals(device))
              && found.add(mapping)) {
            mapping.leaving = true;
            ordered.add(mapping);
          }
        });
    return ordered;
  }
}
