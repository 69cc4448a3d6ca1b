// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A bounded queue of frames in one piece of memory. A frame is written at {@link #tail()} and then
 * added. Used by one thread at a time; nothing is allocated after construction.
 */
final class FrameQueue {
  private final MemorySegment memory;
  private final long slotBytes;
  private final int[] lengths;
  private int head;
  private int count;

  FrameQueue(int slots, int longestFrameBytes) {
    slotBytes = longestFrameBytes;
    memory = Arena.ofAuto().allocate(slots * slotBytes, 64);
    lengths = new int[slots];
  }

  MemorySegment memory() {
    return memory;
  }

  boolean isEmpty() {
    return count == 0;
  }

  boolean isFull() {
    return count == lengths.length;
  }

  /** Where the next frame is written, if the queue is not full. */
  long tail() {
    return (head + count) % lengths.length * slotBytes;
  }

  /** Adds the frame at {@link #tail()}. */
  void add(int length) {
    lengths[(head + count) % lengths.length] = length;
    count++;
  }

  /** Copies a frame and adds it; false if there is no room for it. */
  boolean add(MemorySegment from, long offset, int length) {
    if (isFull() || length > slotBytes) {
      return false;
    }
    MemorySegment.copy(from, offset, memory, tail(), length);
    add(length);
    return true;
  }

  /** Where the oldest frame begins. */
  long headOffset() {
    return head * slotBytes;
  }

  int headLength() {
    return lengths[head];
  }

  void removeHead() {
    head = (head + 1) % lengths.length;
    count--;
  }

  void clear() {
    count = 0;
  }
}
