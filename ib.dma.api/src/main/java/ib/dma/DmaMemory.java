// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Memory that can be mapped for DMA.
 *
 * <p>Pool memory (from a {@link DmaMemoryPool}) is mapped without a copy. A foreign native segment
 * can be wrapped and is bounced by the ops; a heap segment or one confined to a thread is a mapping
 * error.
 *
 * <p>Closing is deferred: {@link #close()} forbids new mappings at once and the bytes are given
 * back when the last pin (a live mapping or a send in progress) is gone, so a device never touches
 * memory that belongs to somebody else. Thread-safe.
 */
public final class DmaMemory implements AutoCloseable {
  private static final int CLOSED = 1 << 31;
  private static final VarHandle PINS;

  static {
    try {
      PINS = MethodHandles.lookup().findVarHandle(DmaMemory.class, "pins", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final MemorySegment segment;
  private final boolean pooled;
  private final Runnable onFree;

  @SuppressWarnings("unused") // accessed through PINS
  private volatile int pins;

  private DmaMemory(MemorySegment segment, boolean pooled, Runnable onFree) {
    this.segment = segment;
    this.pooled = pooled;
    this.onFree = onFree;
  }

  /**
   * Made by pools.
   *
   * @param segment native bytes that stay valid for the life of the host
   * @param onFree called once, when closed and no longer pinned, on the thread that did the last of
   *     both
   * @return the memory
   */
  public static DmaMemory ofPool(MemorySegment segment, Runnable onFree) {
    return new DmaMemory(segment, true, onFree);
  }

  /**
   * Wraps a segment that no pool made. It stays the caller's: closing the result never frees it,
   * and the caller must not close its arena while the memory is mapped (an attempt then fails with
   * the ops' mapping error or a counted fault, not a crash).
   *
   * @param segment shared, automatic or global native memory can be mapped (bounced); any other is
   *     refused at map
   * @return the memory
   */
  public static DmaMemory ofForeign(MemorySegment segment) {
    return new DmaMemory(segment, false, () -> {});
  }

  /**
   * The bytes, for the CPU. Between map and unmap the rules of ownership apply (see {@link
   * IbDmaOps}).
   *
   * @return the whole memory
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Size in bytes.
   *
   * @return at least 1
   */
  public long size() {
    return segment.byteSize();
  }

  /**
   * True for memory of a pool.
   *
   * @return false for a wrapped foreign segment
   */
  public boolean isPooled() {
    return pooled;
  }

  /**
   * True after {@link #close()}.
   *
   * @return whether new mappings are refused
   */
  public boolean isClosed() {
    return (pins & CLOSED) != 0;
  }

  /**
   * Live pins.
   *
   * @return count of mappings and sends that hold the memory
   */
  public int pinCount() {
    return pins & ~CLOSED;
  }

  /**
   * Keeps the bytes from being given back. Called by ops (a mapping) and engines (a send in
   * progress).
   *
   * @return false if closed or pinned 2<sup>31</sup>-1 times: then nothing was pinned
   */
  public boolean tryPin() {
    while (true) {
      int now = pins;
      if ((now & CLOSED) != 0 || now == Integer.MAX_VALUE) {
        return false;
      }
      if (PINS.compareAndSet(this, now, now + 1)) {
        return true;
      }
    }
  }

  /**
   * Undoes one {@link #tryPin}.
   *
   * @throws IllegalStateException if nothing is pinned
   */
  public void unpin() {
    while (true) {
      int now = pins;
      if ((now & ~CLOSED) == 0) {
        throw new IllegalStateException("unpin without pin of " + this);
      }
      if (PINS.compareAndSet(this, now, now - 1)) {
        if (now - 1 == CLOSED) {
          onFree.run();
        }
        return;
      }
    }
  }

  /** Forbids new mappings; gives the bytes back now or when the last pin goes. Idempotent. */
  @Override
  public void close() {
    while (true) {
      int now = pins;
      if ((now & CLOSED) != 0) {
        return;
      }
      if (PINS.compareAndSet(this, now, now | CLOSED)) {
        if (now == 0) {
          onFree.run();
        }
        return;
      }
    }
  }

  @Override
  public String toString() {
    return "DmaMemory[0x" + Long.toHexString(segment.address()) + ", " + size() + " bytes]";
  }
}
