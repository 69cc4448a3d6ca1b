// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Which foreign memory can be mapped, and its copies in pool memory. */
final class Bouncer {
  /** Stands for any thread but the owner of a confined segment. */
  private static final Thread ANYBODY = Thread.ofPlatform().unstarted(() -> {});

  private final DmaMemoryPool pool;

  Bouncer(DmaMemoryPool pool) {
    this.pool = pool;
  }

  DmaMemoryPool pool() {
    return pool;
  }

  /** True if any thread may touch the memory for as long as its arena is open. */
  static boolean isMappable(DmaMemory memory, DmaDirection direction) {
    MemorySegment segment = memory.segment();
    return segment.isNative()
        && segment.scope().isAlive()
        && segment.isAccessibleBy(ANYBODY)
        && !(segment.isReadOnly() && direction.deviceMayWrite());
  }

  /** Zeroed pool memory, or null if there is no room. */
  @Nullable DmaMemory allocate(long sizeBytes) {
    try {
      return pool.allocate(sizeBytes);
    } catch (DmaMemoryExhaustedException e) {
      return null;
    }
  }

  /**
   * Copies part of a mapping from the caller's memory to where the device reads it. False if the
   * caller closed its arena meanwhile.
   */
  static boolean toDevice(Mapping mapping, long from, long lengthBytes) {
    DmaMemory caller = mapping.bounced;
    DmaMemory copy = mapping.memory;
    return caller == null
        || copy == null
        || copy(
            caller.segment(),
            mapping.bouncedOffset + from,
            copy.segment(),
            mapping.offset + from,
            lengthBytes);
  }

  /** The way back of {@link #toDevice}. */
  static boolean toCpu(Mapping mapping, long from, long lengthBytes) {
    DmaMemory caller = mapping.bounced;
    DmaMemory copy = mapping.memory;
    return caller == null
        || copy == null
        || copy(
            copy.segment(),
            mapping.offset + from,
            caller.segment(),
            mapping.bouncedOffset + from,
            lengthBytes);
  }

  private static boolean copy(
      MemorySegment source, long from, MemorySegment target, long to, long lengthBytes) {
    try {
      MemorySegment.copy(source, from, target, to, lengthBytes);
      return true;
    } catch (IllegalStateException closedArena) {
      return false;
    }
  }
}
