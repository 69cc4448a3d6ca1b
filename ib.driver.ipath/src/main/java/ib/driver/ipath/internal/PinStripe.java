// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaMemory;
import org.jspecify.annotations.Nullable;

/**
 * Part of a book: how often each memory is mapped, in an open-addressing table by identity, and the
 * counts. Allocates only to grow. Thread-safe; the lock is held for a few instructions.
 */
final class PinStripe {
  private static final int FIRST = 16;

  private @Nullable DmaMemory[] memory = new @Nullable DmaMemory[FIRST];
  private int[] pins = new int[FIRST];
  private int entries;
  private long mappings;
  private long sgEntries;
  private long bytes;
  private long maps;
  private boolean closed;

  /** Pins and counts; false if the memory or the book is closed. */
  synchronized boolean add(DmaMemory mem, boolean sg, long lengthBytes) {
    if (closed || !mem.tryPin()) {
      return false;
    }
    int at = indexOf(mem);
    if (memory[at] == null) {
      at = insert(mem, at);
    }
    pins[at]++;
    maps++;
    count(sg, 1, lengthBytes);
    return true;
  }

  /** Undoes an add; false if this memory has none. */
  synchronized boolean remove(DmaMemory mem, boolean sg, long lengthBytes) {
    int at = indexOf(mem);
    if (memory[at] == null || (sg ? sgEntries : mappings) == 0) {
      return false;
    }
    if (--pins[at] == 0) {
      delete(at);
    }
    count(sg, -1, -lengthBytes);
    mem.unpin();
    return true;
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
  synchronized void close() {
    closed = true;
    for (int i = 0; i < memory.length; i++) {
      DmaMemory mem = memory[i];
      for (; mem != null && pins[i] > 0; pins[i]--) {
        mem.unpin();
      }
      memory[i] = null;
    }
    entries = 0;
    mappings = 0;
    sgEntries = 0;
    bytes = 0;
  }

  /** How often anything was ever added. */
  synchronized long maps() {
    return maps;
  }

  synchronized long mappings() {
    return mappings;
  }

  synchronized long sgEntries() {
    return sgEntries;
  }

  synchronized long bytes() {
    return bytes;
  }
}
