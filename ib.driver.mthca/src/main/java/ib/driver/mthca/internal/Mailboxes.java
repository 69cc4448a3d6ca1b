// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.driver.mthca.internal.prm.Mailbox;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** Mailboxes, used again and again. Thread-safe. */
final class Mailboxes {
  private final HostBuffers buffers;
  private final Deque<DmaCoherent> free = new ArrayDeque<>();

  Mailboxes(HostBuffers buffers) {
    this.buffers = buffers;
  }

  /** Takes a zeroed mailbox. */
  Box take() throws RdmaException {
    DmaCoherent memory;
    synchronized (free) {
      memory = free.pollFirst();
    }
    Box box = new Box(memory == null ? buffers.allocate(Mailbox.BYTES) : memory);
    box.segment().fill((byte) 0);
    return box;
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
      synchronized (free) {
        free.addFirst(memory);
      }
    }
  }
}
