// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.driver.ehca.internal.format.Wqe;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One side of a queue pair: pages, what the adder register has announced, what was fetched. Agent
 * thread, but for the adder.
 */
final class HwWorkQueue {
  final HwQueue queue;
  final int maxSegments;
  private final AtomicLong adder = new AtomicLong();
  private final long[] wrId;
  private long announced;
  private long fetched;
  private long completed;

  HwWorkQueue(int entries, int maxSegments) {
    this.maxSegments = maxSegments;
    queue = new HwQueue(entries, Wqe.entryBytes(maxSegments));
    wrId = new long[entries];
  }

  /** The register: any thread. */
  void add(long count) {
    adder.addAndGet(count);
  }

  /**
   * Takes over what was added.
   *
   * @return false if more was announced than the queue holds
   */
  boolean collect() {
    announced += adder.getAndSet(0);
    return announced >= fetched && announced - completed <= queue.entries();
  }

  /** Position of the next entry to fetch, or -1. */
  long next() {
    return fetched < announced && queue.isReady() ? fetched++ : -1;
  }

  void remember(long position, long id) {
    wrId[(int) position & (wrId.length - 1)] = id;
  }

  /** Ends an entry and gives its wr_id. */
  long complete(long position) {
    completed = position + 1;
    return wrId[(int) position & (wrId.length - 1)];
  }

  /** Forgets what was announced. */
  void reset() {
    announced += adder.getAndSet(0);
    fetched = announced;
    completed = announced;
  }
}
