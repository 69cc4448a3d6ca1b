// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Wqe;
import ib.verbs.RdmaException;
import ib.verbs.SgeList;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * One side of a queue pair as the driver has it: writes entries as bytes, one posting thread at a
 * time. A slot is free again when a completion of it, or of a later one, was polled.
 */
final class WorkQueue {
  final QueueMemory memory;
  private final int limit;
  private final int maxSegments;
  private volatile long posted;
  private volatile long completed;

  WorkQueue(EhcaHca hca, String what, int limit, int maxSegments, Set<QueueMemory> live)
      throws RdmaException {
    this.limit = limit;
    this.maxSegments = maxSegments;
    memory =
        QueueMemory.allocate(
            hca.context.dma(), what, Memory.powerOfTwo(limit), Wqe.entryBytes(maxSegments), live);
  }

  void checkSegments(String label, SgeList sges) {
    if (sges.count() > maxSegments) {
      throw new IllegalArgumentException(
          label + ": " + sges.count() + " elements; the queue was made for " + maxSegments);
    }
  }

  /** Offset of the next free entry, or -1 if the queue is full. */
  long claim() {
    long position = posted;
    return position - completed >= limit ? -1 : memory.offset(position);
  }

  /** Writes what all entries have. */
  void put(long offset, long wrId, int operation, int flags, SgeList sges) {
    put(memory.segment(), offset, wrId, operation, flags, sges);
  }

  /** Writes what all entries have into any queue's memory. */
  static void put(
      MemorySegment to, long offset, long wrId, int operation, int flags, SgeList sges) {
    Memory.put64(to, offset + Wqe.WORK_REQUEST_ID, wrId);
    Memory.put8(to, offset + Wqe.OPERATION, operation);
    Memory.put8(to, offset + Wqe.FLAGS, flags);
    int n = sges.count();
    Memory.put8(to, offset + Wqe.SEGMENTS, n);
    long at = offset + Wqe.HEADER_BYTES;
    for (int i = 0; i < n; i++, at += Wqe.SEGMENT_BYTES) {
      Memory.put64(to, at + Wqe.SEGMENT_ADDRESS, sges.address(i));
      Memory.put32(to, at + Wqe.SEGMENT_LKEY, sges.lkey(i));
      Memory.put32(to, at + Wqe.SEGMENT_LENGTH, sges.length(i));
    }
  }

  /** Counts the claimed entry as posted. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one posting thread
  void publish() {
    posted++;
  }

  /** A completion was polled: its slot and those before it are free. One polling thread. */
  void release(long position) {
    if (position >= completed) {
      completed = position + 1;
    }
  }

  /** Forgets everything posted. */
  void reset() {
    completed = posted;
  }
}
