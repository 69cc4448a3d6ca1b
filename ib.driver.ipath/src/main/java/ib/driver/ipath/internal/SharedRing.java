// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.Wqe;
import ib.verbs.RecvWr;
import ib.verbs.SgeList;

/**
 * The entries of a shared receive queue. They complete in any order, so free slots wait in a ring
 * of their own: the posting thread takes slots from the ring of free ones and puts them into the
 * ring of posted ones; the agent does the opposite.
 */
final class SharedRing {
  /** Slot numbers on their way from one thread to one other. */
  private static final class Slots {
    private final int[] slots;
    private final int mask;
    private volatile int head;
    private volatile int tail;

    Slots(int size) {
      slots = new int[size];
      mask = size - 1;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread adds
    void add(int slot) {
      slots[tail & mask] = slot;
      tail++;
    }

    /** The next slot, or -1. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread takes
    int take() {
      if (head == tail) {
        return -1;
      }
      int slot = slots[head & mask];
      head++;
      return slot;
    }

    int size() {
      return tail - head;
    }
  }

  private final int maxSge;
  private final long[] wrId;
  private final byte[] sgeCount;
  private final long[] address;
  private final int[] length;
  private final int[] lkey;
  private final Slots free;
  private final Slots posted;

  /** Entries that queue pairs took and gave back. Agent thread. */
  private final int[] returned;

  private int returnedCount;

  SharedRing(int limit, int maxSge) {
    this.maxSge = maxSge;
    int size = Rings.powerOfTwo(limit);
    wrId = new long[limit];
    sgeCount = new byte[limit];
    address = new long[limit * maxSge];
    length = new int[limit * maxSge];
    lkey = new int[limit * maxSge];
    returned = new int[limit];
    free = new Slots(size);
    posted = new Slots(size);
    for (int i = 0; i < limit; i++) {
      free.add(i);
    }
  }

  // The posting thread.

  void checkSges(String label, SgeList sges) {
    if (sges.count() > maxSge) {
      throw new IllegalArgumentException(
          label + ": " + sges.count() + " elements; the queue was made for " + maxSge);
    }
  }

  /** False if the queue is full. */
  boolean post(RecvWr wr) {
    int slot = free.take();
    if (slot < 0) {
      return false;
    }
    SgeList sges = wr.sges();
    wrId[slot] = wr.wrId();
    sgeCount[slot] = (byte) sges.count();
    for (int i = 0, at = slot * maxSge; i < sges.count(); i++, at++) {
      address[at] = sges.address(i);
      length[at] = sges.length(i);
      lkey[at] = sges.lkey(i);
    }
    posted.add(slot);
    return true;
  }

  // The agent.

  /** Receives that are left to take. */
  int left() {
    return posted.size() + returnedCount;
  }

  /** Slot of the next entry, or -1. */
  int take() {
    return returnedCount > 0 ? returned[--returnedCount] : posted.take();
  }

  void load(int slot, Wqe into) {
    for (int i = 0, at = slot * maxSge; i < sgeCount[slot]; i++, at++) {
      into.addSge(address[at], length[at], lkey[at]);
    }
  }

  /** The entry was taken for nothing: it is the next one again. */
  void giveBack(int slot) {
    returned[returnedCount++] = slot;
  }

  /** Frees the slot of an entry and gives its wr_id. */
  long complete(int slot) {
    long id = wrId[slot];
    free.add(slot);
    return id;
  }
}
