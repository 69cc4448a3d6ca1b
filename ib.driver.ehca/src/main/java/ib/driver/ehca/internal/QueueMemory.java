// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.dma.DmaCoherent;
import ib.dma.IbDma;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The coherent memory of one queue, registered with the adapter by the DMA addresses of its pages.
 */
final class QueueMemory {
  /** Page addresses that one block holds. */
  private static final int PAGES_A_CALL = Memory.PAGE / Long.BYTES;

  final Gate gate = new Gate();
  private final IbDma dma;
  private final DmaCoherent memory;
  private final MemorySegment segment;
  private final int entries;
  private final int entryBytes;
  private final Set<QueueMemory> live;
  private final AtomicBoolean freed = new AtomicBoolean();

  private QueueMemory(
      IbDma dma, DmaCoherent memory, int entries, int entryBytes, Set<QueueMemory> live) {
    this.dma = dma;
    this.memory = memory;
    this.segment = memory.memory().segment();
    this.entries = entries;
    this.entryBytes = entryBytes;
    this.live = live;
    live.add(this);
  }

  /**
   * Allocates a queue.
   *
   * @param what for the message
   * @param entries a power of two
   * @param entryBytes a power of two up to a page
   * @param live where the queue is noted until it is freed
   */
  static QueueMemory allocate(
      IbDma dma, String what, int entries, int entryBytes, Set<QueueMemory> live)
      throws RdmaException {
    long bytes = Math.max(Memory.PAGE, (long) entries * entryBytes);
    DmaCoherent memory = dma.allocCoherent(bytes);
    if (memory == null) {
      throw new RdmaException(
          what
              + " of "
              + dma.device().name()
              + ": no "
              + bytes
              + " bytes of coherent memory; make it smaller, or widen dma.mask");
    }
    return new QueueMemory(dma, memory, entries, entryBytes, live);
  }

  int entries() {
    return entries;
  }

  MemorySegment segment() {
    return segment;
  }

  /** Offset in the segment of the entry at a position that counts up for ever. */
  long offset(long position) {
    return (position & (entries - 1)) * entryBytes;
  }

  /** Lowest bit of the valid word of an entry that was written in the present turn of the ring. */
  int validBit(long position) {
    return (position & entries) == 0 ? 1 : 0;
  }

  /** Registers all pages; the adapter's answer to the last, and only to it, is H_SUCCESS. */
  void register(Hcalls hcalls, String what, long handle, long which) throws RdmaException {
    long pages = Math.max(1, (memory.sizeBytes() >>> Memory.PAGE_SHIFT));
    for (long done = 0; done < pages; ) {
      int n = (int) Math.min(PAGES_A_CALL, pages - done);
      long first = done;
      int status =
          hcalls.run(
              "registering pages of " + what, () -> register(hcalls, handle, which, first, n));
      done += n;
      if ((status == HcallStatus.H_SUCCESS) != (done == pages)) {
        throw new RdmaException(
            what + ": " + HcallStatus.name(status) + " after " + done + " of " + pages + " pages");
      }
    }
  }

  private int register(Hcalls hcalls, long handle, long which, long first, int n)
      throws RdmaException {
    long page = memory.dmaAddress() + (first << Memory.PAGE_SHIFT);
    if (n == 1) {
      return hcalls.call(Hcall.H_REGISTER_RPAGES, handle, which, page, 1).status();
    }
    for (int i = 0; i < n; i++) {
      Memory.put64(hcalls.block(), (long) i * Long.BYTES, page + ((long) i << Memory.PAGE_SHIFT));
    }
    return hcalls.call(Hcall.H_REGISTER_RPAGES, handle, which, hcalls.blockAddress(), n).status();
  }

  /** Gives the memory back once its user is out. Idempotent. */
  void free() {
    if (!freed.compareAndSet(false, true)) {
      return;
    }
    live.remove(this);
    if (gate.shut()) {
      dma.freeCoherent(memory);
    }
    // Else somebody is stuck in it: core counts it and reclaims it.
  }
}
