// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.RecvWqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A shared receive queue: entries are fetched in order into memory of the adapter, so that their
 * places in the ring are free again, and complete in any order. Agent thread, but for the register.
 */
final class HwSrq implements RegisterPage {
  private static final int NONE = -1;

  final HwQueue queue;
  final int token;
  private final Adapter adapter;
  private final int entries;
  private final int entryBytes;
  private final int maxSegments;
  private final AtomicLong adder = new AtomicLong();

  /** What was fetched, by tag. */
  private final MemorySegment fetchedEntries;

  private final long[] positions;
  private final int[] free;
  private final int[] returned;
  private int freeCount;
  private int returnedCount;
  private long announced;
  private long fetched;
  private int limit;
  private boolean failed;

  HwSrq(Adapter adapter, int entries, int maxSegments, int token) {
    this.adapter = adapter;
    this.entries = entries;
    this.maxSegments = maxSegments;
    this.token = token;
    entryBytes = Wqe.entryBytes(maxSegments);
    queue = new HwQueue(entries, entryBytes);
    fetchedEntries = Arena.ofAuto().allocate((long) entries * entryBytes, 8);
    positions = new long[entries];
    free = new int[entries];
    returned = new int[entries];
    for (int i = 0; i < entries; i++) {
      free[freeCount++] = i;
    }
  }

  int limit() {
    return limit;
  }

  void arm(int newLimit) {
    limit = newLimit;
  }

  /** Takes the next entry; its tag is the cookie. */
  boolean next(RecvWqe into) {
    announced += adder.getAndSet(0); // also where nothing is fetched: the limit counts all
    if (failed) {
      return false;
    }
    int tag = returnedCount > 0 ? returned[--returnedCount] : fetch();
    if (tag == NONE) {
      return false;
    }
    decode(tag, into);
    if (announced - fetched + returnedCount < limit) {
      limit = 0;
      adapter.event(Eqe.SRQ_LIMIT, token);
    }
    return true;
  }

  private int fetch() {
    if (announced - fetched > entries) {
      return fail();
    }
    if (announced == fetched || freeCount == 0 || !queue.isReady()) {
      return NONE;
    }
    int tag = free[--freeCount];
    long from = queue.address(fetched);
    long to = (long) tag * entryBytes;
    if (!adapter.accessor.read(from, fetchedEntries, to, entryBytes)
        || Memory.get8(fetchedEntries, to + Wqe.SEGMENTS) > maxSegments) {
      return fail();
    }
    positions[tag] = fetched++;
    return tag;
  }

  private int fail() {
    failed = true;
    adapter.event(Eqe.SRQ_ERROR, token);
    return NONE;
  }

  private void decode(int tag, RecvWqe into) {
    long from = (long) tag * entryBytes;
    into.setCookie(tag);
    into.clearSges();
    for (int i = 0; i < Memory.get8(fetchedEntries, from + Wqe.SEGMENTS); i++) {
      long at = from + Wqe.HEADER_BYTES + (long) i * Wqe.SEGMENT_BYTES;
      if (!into.addSge(
          Memory.get64(fetchedEntries, at + Wqe.SEGMENT_ADDRESS),
          Memory.get32(fetchedEntries, at + Wqe.SEGMENT_LENGTH),
          Memory.get32(fetchedEntries, at + Wqe.SEGMENT_LKEY))) {
        // Any message is too long for it.
        into.clearSges();
        return;
      }
    }
  }

  /** A queue pair took an entry and was reset or ended: the entry is the next one again. */
  void giveBack(int tag) {
    returned[returnedCount++] = tag;
  }

  long wrId(int tag) {
    return Memory.get64(fetchedEntries, (long) tag * entryBytes + Wqe.WORK_REQUEST_ID);
  }

  long position(int tag) {
    return positions[tag];
  }

  /** The entry is done. */
  void complete(int tag) {
    free[freeCount++] = tag;
  }

  @Override
  public void store(int offset, long value) {
    if (offset == Register.QP_RECEIVE_ADDER) {
      adder.addAndGet(value);
    }
  }

  @Override
  public long load(int offset) {
    return 0;
  }
}
