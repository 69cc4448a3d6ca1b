// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Part of a book: how often each memory is mapped, in an open-addressing table by identity, and the
 * counts. Allocates only to grow. Thread-safe; a spin lock, which costs half of a monitor, is held
 * for a few instructions.
 */
final class PinStripe {
  private static final int FIRST = 16;
  private static final int SPINS = 64;
  private static final VarHandle LOCK;

  static {
    try {
      LOCK = MethodHandles.lookup().findVarHandle(PinStripe.class, "locked", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // accessed through LOCK
  private int locked;

  /** Where the last add was: an unmap soon after needs no search. */
  private int last;

  private @Nullable DmaMemory[] memory = new @Nullable DmaMemory[FIRST];
  private int[] pins = new int[FIRST];
  private int entries;
  private long mappings;
  private long sgEntries;
  private long bytes;
  private long maps;

  /** The most mappings and entries at a time. */
  private long peak;

  private boolean closed;

  private void lock() {
    int spins = 0;
    while (!LOCK.compareAndSet(this, 0, 1)) {
      if (++spins < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, 1_000); // whoever holds it may have no core
      }
    }
  }

  private void unlock() {
    LOCK.setRelease(this, 0);
  }

  /** Pins and counts; false if the memory or the book is closed. */
  boolean add(DmaMemory mem, boolean sg, long lengthBytes) {
    if (!mem.tryPin()) {
      return false;
    }
    lock();
    boolean open = !closed;
    try {
      if (open) {
        int at = indexOf(mem);
        if (memory[at] == null) {
          at = insert(mem, at);
        }
        pins[at]++;
        last = at;
        maps++;
        count(sg, 1, lengthBytes);
        peak = Math.max(peak, mappings + sgEntries);
      }
    } finally {
      unlock();
    }
    if (!open) {
      mem.unpin();
    }
    return open;
  }

  /** Undoes an add; false if this memory has none. */
  boolean remove(DmaMemory mem, boolean sg, long lengthBytes) {
    lock();
    int at = memory[last] == mem ? last : indexOf(mem);
    boolean there = memory[at] != null && (sg ? sgEntries : mappings) != 0;
    if (there) {
      if (--pins[at] == 0) {
        delete(at);
      }
      count(sg, -1, -lengthBytes);
    }
    unlock();
    if (there) {
      mem.unpin(); // may give the memory back: not under the lock
    }
    return there;
  }

  private void count(boolean sg, int n, long lengthBytes) {
    if (sg) {
      sgEntries += n;
    } else {
      mappings += n;
    }
    bytes += lengthBytes;
  }

  /** Place of the memory, or the free place where it belongs. */
  private int indexOf(DmaMemory mem) {
    int mask = memory.length - 1;
    int at = home(mem, mask);
    for (DmaMemory there = memory[at]; there != null && !there.equals(mem); there = memory[at]) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private static int home(DmaMemory mem, int mask) {
    int hash = System.identityHashCode(mem);
    return (hash ^ (hash >>> 16)) & mask;
  }

  private int insert(DmaMemory mem, int at) {
    int place = at;
    if (2 * (entries + 1) > memory.length) {
      grow();
      place = indexOf(mem);
    }
    memory[place] = mem;
    pins[place] = 0;
    entries++;
    return place;
  }

  private void grow() {
    last = 0;
    @Nullable DmaMemory[] oldMemory = memory;
    int[] oldPins = pins;
    memory = new @Nullable DmaMemory[2 * oldMemory.length];
    pins = new int[memory.length];
    for (int i = 0; i < oldMemory.length; i++) {
      DmaMemory mem = oldMemory[i];
      if (mem != null) {
        int at = indexOf(mem);
        memory[at] = mem;
        pins[at] = oldPins[i];
      }
    }
  }

  /**
   * Takes an entry out and moves those that were displaced by it, so that no marker of deletion is
   * needed.
   */
  private void delete(int hole) {
    int mask = memory.length - 1;
    int empty = hole;
    memory[empty] = null;
    entries--;
    for (int at = (hole + 1) & mask; memory[at] != null; at = (at + 1) & mask) {
      DmaMemory mem = memory[at];
      if (mem != null && ((at - home(mem, mask)) & mask) >= ((at - empty) & mask)) {
        memory[empty] = mem;
        pins[empty] = pins[at];
        memory[at] = null;
        empty = at;
      }
    }
  }

  /** Ends the stripe: unpins everything. */
  void close() {
    lock();
    @Nullable DmaMemory[] left = memory;
    int[] leftPins = pins;
    closed = true;
    memory = new @Nullable DmaMemory[FIRST];
    pins = new int[FIRST];
    last = 0;
    entries = 0;
    mappings = 0;
    sgEntries = 0;
    bytes = 0;
    unlock();
    for (int i = 0; i < left.length; i++) {
      DmaMemory mem = left[i];
      for (; mem != null && leftPins[i] > 0; leftPins[i]--) {
        mem.unpin();
      }
    }
  }

  /** How often anything was ever added. */
  long maps() {
    return read(() -> maps);
  }

  long peak() {
    return read(() -> peak);
  }

  long mappings() {
    return read(() -> mappings);
  }

  long sgEntries() {
    return read(() -> sgEntries);
  }

  long bytes() {
    return read(() -> bytes);
  }

  private long read(LongSupplier figure) {
    lock();
    long value = figure.getAsLong();
    unlock();
    return value;
  }
}
