// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import java.util.concurrent.atomic.AtomicLong;

/** Pool memory for the copies on which a device works, up to a bound. Thread-safe. */
final class Shadows {
  private final DmaMemoryPool pool;
  private final long maxBytes;
  private final AtomicLong used = new AtomicLong();

  Shadows(DmaMemoryPool pool, long maxBytes) {
    this.pool = pool;
    this.maxBytes = maxBytes;
  }

  /** Gives a piece a copy at the same place within a page. False if there is no room. */
  boolean give(Piece piece) {
    int inPage = (int) (piece.cpuAddress() & (DmaMemoryPool.PAGE_SIZE - 1));
    long bytes = inPage + piece.lengthBytes;
    if (used.addAndGet(bytes) > maxBytes) {
      used.addAndGet(-bytes);
      return false;
    }
    try {
      piece.shadow = pool.allocate(bytes);
      piece.shadowOffset = inPage;
      return true;
    } catch (DmaMemoryExhaustedException e) {
      used.addAndGet(-bytes);
      return false;
    }
  }

  void takeBack(Piece piece) {
    DmaMemory copy = piece.shadow;
    if (copy != null) {
      used.addAndGet(-(piece.shadowOffset + piece.lengthBytes));
      copy.close();
    }
  }

  long usedBytes() {
    return used.get();
  }
}
