// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.ScatterList;
import java.lang.foreign.MemorySegment;

/**
 * Memory for data in flight: chunks of one pool allocation, shared by all logins of a target.
 * Worker thread only.
 */
final class DataBuffers implements AutoCloseable {
  static final int CHUNK_BYTES = 64 << 10;

  private final DmaMemory memory;
  private final int[] free;
  private int freeCount;

  DataBuffers(DmaMemoryPool pool, long bytes) {
    int chunks = (int) (bytes / CHUNK_BYTES);
    memory = pool.allocate((long) chunks * CHUNK_BYTES);
    free = new int[chunks];
    for (int i = 0; i < chunks; i++) {
      free[i] = chunks - 1 - i;
    }
    freeCount = chunks;
  }

  /** Fills an empty list with chunks; false, and nothing taken, if there are not enough. */
  boolean take(long bytes, ScatterList into) {
    int needed = (int) ((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    if (needed > freeCount) {
      return false;
    }
    long left = bytes;
    for (int i = 0; i < needed; i++) {
      long length = Math.min(left, CHUNK_BYTES);
      into.add(memory, (long) free[--freeCount] * CHUNK_BYTES, length);
      left -= length;
    }
    return true;
  }

  /** Gives the chunks of an unmapped list back and empties it. */
  void giveBack(ScatterList list) {
    for (int i = 0; i < list.entries(); i++) {
      free[freeCount++] = (int) (list.offset(i) / CHUNK_BYTES);
    }
    list.clear();
  }

  MemorySegment segment() {
    return memory.segment();
  }

  @Override
  public void close() {
    memory.close();
  }
}
