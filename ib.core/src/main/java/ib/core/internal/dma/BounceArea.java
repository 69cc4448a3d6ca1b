// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The pool memory behind a window of bounce slots: page for page, so that whoever has claimed pages
 * of addresses has their bytes too. Taken from the pool at the first use, and given back when
 * closed and nothing in it is mapped. Thread-safe.
 */
final class BounceArea {
  private final Bouncer bouncer;
  private final long sizeBytes;
  private volatile @Nullable DmaMemory memory;
  private boolean closed;

  BounceArea(Bouncer bouncer, long sizeBytes) {
    this.bouncer = bouncer;
    this.sizeBytes = sizeBytes;
  }

  /** The memory; null if the pool has no room, or closed. It stays until everything is unmapped. */
  @Nullable DmaMemory memory() {
    DmaMemory now = memory;
    return now == null ? make() : now;
  }

  /** The memory, pinned for the caller; null if the pool has no room, or closed. */
  @Nullable DmaMemory pin() {
    DmaMemory now = memory();
    return now != null && now.tryPin() ? now : null;
  }

  private synchronized @Nullable DmaMemory make() {
    if (memory == null && !closed) {
      memory = bouncer.allocate(sizeBytes);
    }
    return memory;
  }

  /** Coherent memory within the area; gives its part back when it is closed and unpinned. */
  static DmaMemory slice(DmaMemory pinned, long offset, long sizeBytes, Runnable release) {
    MemorySegment bytes = pinned.segment().asSlice(offset, sizeBytes);
    return DmaMemory.ofPool(
        bytes.fill((byte) 0),
        () -> {
          release.run();
          pinned.unpin();
        });
  }

  synchronized void close() {
    closed = true;
    DmaMemory now = memory;
    if (now != null) {
      now.close();
    }
  }
}
