// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.Wqe;
import ib.verbs.SgeList;

/**
 * A work queue: a ring of preallocated entries, filled by one posting thread, emptied by the agent.
 * Positions count up for ever; a position is the engine's cookie of the entry. A slot is free again
 * once its entry is complete.
 */
class WorkRing {
  private final int limit;
  private final int maxSge;
  private final int mask;
  private final long[] wrId;
  private final byte[] sgeCount;
  private final long[] address;
  private final int[] length;
  private final int[] lkey;
  private volatile long posted;
  private volatile long completed;

  /** Agent thread. */
  private long taken;

  WorkRing(int limit, int maxSge) {
    this.limit = limit;
    this.maxSge = maxSge;
    int n = Rings.powerOfTwo(limit);
    mask = n - 1;
    wrId = new long[n];
    sgeCount = new byte[n];
    address = new long[n * maxSge];
    length = new int[n * maxSge];
    lkey = new int[n * maxSge];
  }

  final int slots() {
    return mask + 1;
  }

  final int slot(long position) {
    return (int) position & mask;
  }

  // The posting thread.

  /** Slot of the next entry, or -1 if the queue is full. */
  final int claim() {
    return posted - completed >= limit ? -1 : slot(posted);
  }

  final void put(int slot, long id, SgeList sges) {
    wrId[slot] = id;
    int n = sges.count();
    sgeCount[slot] = (byte) n;
    for (int i = 0, at = slot * maxSge; i < n; i++, at++) {
      address[at] = sges.address(i);
      length[at] = sges.length(i);
      lkey[at] = sges.lkey(i);
    }
  }

  /** Makes the claimed entry visible to the agent. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one posting thread
  final void publish() {
    posted = posted + 1;
  }

  final void checkSges(String label, SgeList sges) {
    if (sges.count() > maxSge) {
      throw new IllegalArgumentException(
          label + ": " + sges.count() + " elements; the queue was made for " + maxSge);
    }
  }

  // The agent.

  /** Position of the next entry, or -1. */
  final long take() {
    return taken == posted ? -1 : taken++;
  }

  final void load(long position, Wqe into) {
    int slot = slot(position);
    for (int i = 0, at = slot * maxSge; i < sgeCount[slot]; i++, at++) {
      into.addSge(address[at], length[at], lkey[at]);
    }
  }

  /** Frees the slot of an entry and gives its wr_id. */
  final long complete(long position) {
    long id = wrId[slot(position)];
    completed = position + 1;
    return id;
  }

  /** Forgets everything posted. */
  final void reset() {
    taken = posted;
    completed = taken;
  }
}
