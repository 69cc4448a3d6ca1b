// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.driver.mthca.internal.prm.Mailbox;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Mailboxes, used again and again. Thread-safe. */
final class Mailboxes {
  private final HostBuffers buffers;
  private final Deque<DmaCoherent> free = new ArrayDeque<>();
  private int taken;
  private boolean closed;

  Mailboxes(HostBuffers buffers) {
    this.buffers = buffers;
  }

  /** Takes a zeroed mailbox. */
  Box take() throws RdmaException {
    DmaCoherent memory;
    synchronized (free) {
      if (closed) {
        throw new RdmaException("the device is closed; use the one that replaces it");
      }
      taken++;
      memory = free.pollFirst();
    }
    try {
      Box box = new Box(memory == null ? buffers.allocate(Mailbox.BYTES) : memory);
      box.segment().fill((byte) 0);
      return box;
    } catch (RdmaException | RuntimeException e) {
      giveBack(null);
      throw e;
    }
  }

  private void giveBack(@Nullable DmaCoherent memory) {
    synchronized (free) {
      taken--;
      if (memory != null) {
        free.addFirst(memory);
      }
      free.notifyAll();
    }
  }

  /** Gives no more mailboxes; false if one that was taken does not come back in time. */
  boolean close() {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    synchronized (free) {
      closed = true;
      try {
        for (long leftNs = endNs - System.nanoTime();
            taken > 0 && leftNs > 0;
            leftNs = endNs - System.nanoTime()) {
          TimeUnit.NANOSECONDS.timedWait(free, leftNs);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return taken == 0;
    }
  }

  /** A mailbox in use. */
  final class Box implements AutoCloseable {
    private final DmaCoherent memory;

    private Box(DmaCoherent memory) {
      this.memory = memory;
    }

    MemorySegment segment() {
      return memory.memory().segment();
    }

    long address() {
      return memory.dmaAddress();
    }

    @Override
    public void close() {
      giveBack(memory);
    }
  }
}
