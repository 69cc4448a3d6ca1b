// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.QpContext;
import ib.driver.mthca.internal.prm.Wqe;
import ib.verbs.RdmaException;
import ib.verbs.SgeList;
import ib.verbs.WcOpcode;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A work queue: a ring of entries in coherent memory, and the requests' cookies, which the hardware
 * never sees. One thread at a time posts, one polls; positions count up, and begin again at 0 with
 * each life of the queue pair.
 */
abstract class WorkQueue {
  private static final int MIN_STRIDE = 64;

  /** Passed by the posting thread. */
  final Gate gate = new Gate();

  final QueueBuffer buffer;
  final DbRecord record;
  final int mask;

  /** Most data segments that were asked for. */
  final int maxSge;

  private final String label;
  private final int limit;
  private final int logStride;
  private final long[] wrIds;

  /** Life in the upper half, in the lower the position after the last entry that was polled. */
  private final AtomicLong polled = new AtomicLong();

  /**
   * Position of the next entry. Written by the posting thread, before the doorbell record: who
   * polls a completion sees that its entry was posted.
   */
  int posted;

  /**
   * Makes a queue.
   *
   * @param inlineBytes inline data for which an entry has room in place of data segments
   */
  WorkQueue(String label, int limit, int headBytes, int maxSge, int inlineBytes, MthcaTables tables)
      throws RdmaException {
    this.label = label;
    this.limit = limit;
    this.maxSge = maxSge;
    // One more: the entry before one that is not done is never overwritten, as it holds its opcode.
    int entries = Be.powerOfTwo(limit + 1);
    mask = entries - 1;
    int dataBytes =
        Math.max(
            maxSge * Wqe.DATA_BYTES,
            inlineBytes == 0 ? 0 : Wqe.INLINE_HEAD_BYTES + inlineBytes + Wqe.UNIT - 1);
    int stride = Math.max(MIN_STRIDE, Be.powerOfTwo(headBytes + dataBytes));
    logStride = Be.log2(stride);
    wrIds = new long[entries];
    record = tables.takeRecord();
    try {
      buffer = new QueueBuffer(tables, entries * stride);
    } catch (RdmaException | RuntimeException e) {
      tables.giveRecord(record);
      throw e;
    }
  }

  final int entries() {
    return mask + 1;
  }

  final int strideBytes() {
    return 1 << logStride;
  }

  final int shape() {
    return QpContext.shape(Be.log2(entries()), logStride);
  }

  final int offset(int position) {
    return (position & mask) << logStride;
  }

  final void checkSges(SgeList sges) {
    if (sges.count() > maxSge) {
      throw new IllegalArgumentException(
          label + ": " + sges.count() + " elements; the queue was made for " + maxSge);
    }
  }

  final boolean isFull(int oldest) {
    return posted - oldest >= limit;
  }

  final void remember(int position, long wrId) {
    wrIds[position & mask] = wrId;
  }

  /** Position after the last entry whose completion was polled. */
  final int polled() {
    return (int) polled.get();
  }

  /** Writes data segments; gives the offset after them. */
  static int putData(MemorySegment segment, int from, SgeList sges) {
    int at = from;
    for (int i = 0; i < sges.count(); i++, at += Wqe.DATA_BYTES) {
      Be.put32(segment, at, sges.length(i));
      Be.put32(segment, at + Wqe.DATA_KEY, sges.lkey(i));
      Be.put64(segment, at + Wqe.DATA_ADDRESS, sges.address(i));
    }
    return at;
  }

  // The polling thread.

  /**
   * Frees the entry that a completion names, and all before it.
   *
   * @return its slot, or -1 if it is not of this life
   */
  final int complete(int life, int wqeOffset) {
    long now = polled.get();
    if ((int) (now >>> 32) != life) {
      return -1;
    }
    int slot = (wqeOffset >>> logStride) & mask;
    // The last position in that slot: an entry whose completion waits is never overwritten. Counted
    // from the last completion it could be any, as the hardware frees entries without one itself.
    int last = posted - 1;
    int next = last - ((last - slot) & mask) + 1;
    // Fails only if the queue pair was reset in between.
    return polled.compareAndSet(now, pack(life, next)) ? slot : -1;
  }

  /** Whether this is the present life. */
  final boolean isOf(int life) {
    return (int) (polled.get() >>> 32) == life;
  }

  final long wrId(int slot) {
    return wrIds[slot];
  }

  /** What an entry was, for completions that do not say. */
  abstract WcOpcode opcode(int slot);

  // Life.

  /** Begins a life with an empty queue. The hardware does not know it then. */
  void reset(int life) {
    polled.set(pack(life, 0));
    posted = 0;
    record.publish(0);
  }

  private static long pack(int life, int position) {
    return ((long) life << 32) | Integer.toUnsignedLong(position);
  }

  /** Gives the memory back, unless a thread does not stop posting: then it stays until the end. */
  void free(MthcaTables tables) {
    if (!gate.awaitEmpty()) {
      return;
    }
    buffer.free();
    tables.giveRecord(record);
  }
}
