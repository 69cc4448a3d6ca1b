// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.Mtt;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a queue: coherent pieces, and the translations by which the hardware sees them in one
 * row.
 */
final class QueueBuffer {
  private static final int PIECE_SHIFT = 18;
  private static final int PIECE_BYTES = 1 << PIECE_SHIFT;

  private final MthcaTables tables;
  private final DmaCoherent[] pieces;
  private final MemorySegment[] segments;
  private final int pages;
  private final int firstTranslation;

  /**
   * Allocates a buffer.
   *
   * @param sizeBytes a power of two
   */
  QueueBuffer(MthcaTables tables, int sizeBytes) throws RdmaException {
    this.tables = tables;
    int count = Math.max(1, sizeBytes >>> PIECE_SHIFT);
    pieces = new DmaCoherent[count];
    segments = new MemorySegment[count];
    pages = Math.max(1, sizeBytes / MapEntries.PAGE);
    firstTranslation = tables.takeTranslations(pages);
    try {
      int pieceBytes = Math.max(MapEntries.PAGE, Math.min(sizeBytes, PIECE_BYTES));
      for (int i = 0; i < count; i++) {
        pieces[i] = tables.buffers().allocate(pieceBytes);
        segments[i] = pieces[i].memory().segment();
      }
      tables.writeTranslations(firstTranslation, translations(pieceBytes));
    } catch (RdmaException | RuntimeException e) {
      free();
      throw e;
    }
  }

  private long[] translations(int pieceBytes) {
    long[] entries = new long[pages];
    int perPiece = pieceBytes / MapEntries.PAGE;
    for (int i = 0; i < pages; i++) {
      long inPiece = (long) (i % perPiece) * MapEntries.PAGE;
      entries[i] = (pieces[i / perPiece].dmaAddress() + inPiece) | Mtt.PRESENT;
    }
    return entries;
  }

  int firstTranslation() {
    return firstTranslation;
  }

  /** Bus address of the first piece. */
  long busAddress() {
    return pieces[0].dmaAddress();
  }

  /** The memory that holds an offset. */
  MemorySegment segment(int offset) {
    return segments[offset >>> PIECE_SHIFT];
  }

  /** Where in {@link #segment} it is. */
  static int within(int offset) {
    return offset & (PIECE_BYTES - 1);
  }

  /** Sets one word of each entry. */
  void fillWord(int entries, int entryBytes, int wordOffset, int value) {
    for (int i = 0; i < entries; i++) {
      int at = i * entryBytes + wordOffset;
      Be.put32(segment(at), within(at), value);
    }
  }

  /** Gives everything back. The hardware must not use it any more. */
  void free() {
    for (DmaCoherent piece : pieces) {
      if (piece != null) {
        tables.buffers().free(piece);
      }
    }
    tables.giveTranslations(firstTranslation, pages);
  }
}
