// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Memory that a peer reads and writes by keys, and what must be in it: everything that the peer was
 * let to do, in order, and nothing else.
 */
final class WorldArea {
  static final int BYTES = 24 << 10;

  /** Where it begins in the device's memory. */
  final int start;

  private final MemorySegment memory;
  private final byte[] model = new byte[BYTES];

  /** What the peer may ever have changed. */
  private final BitSet touched = new BitSet(BYTES);

  /** What READs that may not be answered yet have asked for: begins and ends. */
  private final List<int[]> reading = new ArrayList<>();

  WorldArea(MemorySegment memory, int start) {
    this.memory = memory;
    this.start = start;
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, start, model, 0, BYTES);
  }

  /** Its owner changes some bytes; no key is open. */
  void scribble(Random random) {
    byte[] bytes = new byte[random.nextInt(256)];
    random.nextBytes(bytes);
    int at = random.nextInt(BYTES - bytes.length);
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, start + at, bytes.length);
    System.arraycopy(bytes, 0, model, at, bytes.length);
  }

  /**
   * The peer has posted a request that changes bytes.
   *
   * @return whether it needs a fence, because a READ before it may be answered later
   */
  boolean write(int at, byte[] bytes) {
    System.arraycopy(bytes, 0, model, at, bytes.length);
    touched.set(at, at + bytes.length);
    boolean overlaps =
        reading.stream().anyMatch(range -> range[0] < at + bytes.length && at < range[1]);
    if (overlaps) {
      reading.clear();
    }
    return overlaps;
  }

  /** The peer has posted a READ: what it will get. */
  byte[] read(int at, int length) {
    reading.add(new int[] {at, at + length});
    return java.util.Arrays.copyOfRange(model, at, at + length);
  }

  long word(int at) {
    return MemorySegment.ofArray(model).get(ValueLayout.JAVA_LONG_UNALIGNED, at);
  }

  /** Whether a READ may not be answered yet; from now on all are. */
  boolean endReads() {
    boolean some = !reading.isEmpty();
    reading.clear();
    return some;
  }

  /** The first byte that is wrong, or -1. */
  long wrong() {
    return MemorySegment.mismatch(
        MemorySegment.ofArray(model), 0, BYTES, memory, start, start + BYTES);
  }

  /** The first byte that is wrong of those that nobody was let to change, or -1. */
  long wrongUntouched() {
    for (int i = touched.nextClearBit(0); i < BYTES; i = touched.nextClearBit(i + 1)) {
      if (memory.get(ValueLayout.JAVA_BYTE, start + i) != model[i]) {
        return i;
      }
    }
    return -1;
  }
}
