// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.ScatterList;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Memory for data in flight: chunks of one pool allocation, shared by all logins of a target.
 * Commands that find none wait in the order they came, over all logins, so that a long one is not
 * overtaken for ever by short ones. Each takes all that it will need at once: who holds buffers
 * never waits for more. Not thread-safe.
 */
final class DataBuffers implements AutoCloseable {
  static final int CHUNK_BYTES = 64 << 10;

  private final DmaMemory memory;
  private final Deque<Command> waiting = new ArrayDeque<>();
  private final int[] free;
  private int freeCount;

  /**
   * Allocates.
   *
   * @param bytes for data; a chunk for the table of a command's descriptors is added
   */
  DataBuffers(DmaMemoryPool pool, long bytes) {
    int chunks = chunks(bytes) + 1;
    memory = pool.allocate((long) chunks * CHUNK_BYTES);
    free = new int[chunks];
    for (int i = 0; i < chunks; i++) {
      free[i] = chunks - 1 - i;
    }
    freeCount = chunks;
  }

  private static int chunks(long bytes) {
    return (int) ((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
  }

  /**
   * Takes the buffers of a command for its data and its table; if there are not enough, or others
   * wait, it is put in line and false returned.
   */
  boolean takeOrWait(Command command) {
    if (waiting.isEmpty() && take(command)) {
      return true;
    }
    waiting.add(command);
    return false;
  }

  /** The first command in line, out of the line and with its buffers; null if there is none. */
  @Nullable Command next() {
    Command first = waiting.peek();
    if (first == null || !take(first)) {
      return null;
    }
    return waiting.poll();
  }

  /**
   * A command waits no longer.
   *
   * @return true if it stood in front of others, for whom there may be enough
   */
  boolean forget(Command command) {
    return waiting.remove(command) && !waiting.isEmpty();
  }

  private boolean take(Command command) {
    if (chunks(command.bytes) + chunks(command.tableBytes) > freeCount) {
      return false;
    }
    take(command.bytes, command.data);
    take(command.tableBytes, command.table);
    return true;
  }

  private void take(long bytes, ScatterList into) {
    for (long left = bytes; left > 0; left -= CHUNK_BYTES) {
      long length = Math.min(left, CHUNK_BYTES);
      into.add(memory, (long) free[--freeCount] * CHUNK_BYTES, length);
    }
  }

  /** Gives the chunks of an unmapped command back. */
  void giveBack(Command command) {
    giveBack(command.data);
    giveBack(command.table);
  }

  private void giveBack(ScatterList list) {
    for (int i = 0; i < list.entries(); i++) {
      free[freeCount++] = (int) (list.offset(i) / CHUNK_BYTES);
    }
    list.clear();
  }

  /** Whether nobody holds any. */
  boolean isIdle() {
    return freeCount == free.length;
  }

  MemorySegment segment() {
    return memory.segment();
  }

  @Override
  public void close() {
    memory.close();
  }
}
