// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.Wqe;
import ib.verbs.RecvWr;
import ib.verbs.SgeList;
import java.util.Arrays;

/**
 * The entries of a shared receive queue. They complete in any order, so free slots wait in a ring
 * of their own: the posting thread takes slots from the ring of free ones and puts them into the
 * ring of posted ones; the agent does the opposite. A slot that left the queue as that became
 * smaller waits until it grows again.
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

    /** A larger one, with what is in another. */
    Slots(int size, Slots from) {
      this(size);
      for (int slot = from.take(); slot >= 0; slot = from.take()) {
        add(slot);
      }
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

  // Replaced by resize, which the agent does while nobody posts.
  private long[] wrId = {};
  private byte[] sgeCount = {};
  private long[] address = {};
  private int[] length = {};
  private int[] lkey = {};
  private Slots free = new Slots(1);
  private Slots posted = new Slots(1);

  /** Entries that queue pairs took and gave back. Agent thread. */
  private int[] returned = {};

  /** Slots that are not in use since the queue became smaller. */
  private int[] spare = {};

  private int spareCount;
  private int limit;

  private int returnedCount;

  SharedRing(int limit, int maxSge) {
    this.maxSge = maxSge;
    resize(limit);
  }

  // The agent, or whoever made the ring.

  /** Receives that may be posted and not completed. */
  int limit() {
    return limit;
  }

  /** Receives that are posted and not completed. */
  int outstanding() {
    return limit - free.size();
  }

  /** Changes the limit; false if more are posted. What is posted keeps its slot. */
  synchronized boolean resize(int newLimit) {
    if (newLimit < outstanding()) {
      return false;
    }
    grow(newLimit);
    for (; limit > newLimit; limit--) {
      spare[spareCount++] = free.take();
    }
    for (; limit < newLimit; limit++) {
      free.add(spare[--spareCount]);
    }
    return true;
  }

  /** Makes slots up to a number; new ones are spare. */
  private void grow(int slots) {
    int before = wrId.length;
    if (slots <= before) {
      return;
    }
    int size = Rings.powerOfTwo(slots);
    wrId = Arrays.copyOf(wrId, slots);
    sgeCount = Arrays.copyOf(sgeCount, slots);
    address = Arrays.copyOf(address, slots * maxSge);
    length = Arrays.copyOf(length, slots * maxSge);
    lkey = Arrays.copyOf(lkey, slots * maxSge);
    returned = Arrays.copyOf(returned, slots);
    spare = Arrays.copyOf(spare, slots);
    free = new Slots(size, free);
    posted = new Slots(size, posted);
    for (int slot = slots - 1; slot >= before; slot--) {
      spare[spareCount++] = slot;
    }
  }

  // The posting thread.

  void checkSges(String label, SgeList sges) {
    if (sges.count() > maxSge) {
      throw new IllegalArgumentException(
          label + ": " + sges.count() + " elements; the queue was made for " + maxSge);
    }
  }

  /** False if the queue is full. The lock is for resize, and else only ever this thread's. */
  synchronized boolean post(RecvWr wr) {
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
