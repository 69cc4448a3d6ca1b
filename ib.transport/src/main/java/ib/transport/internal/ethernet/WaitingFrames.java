// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Frames that wait for hardware addresses: few for each neighbour, and few in all. */
final class WaitingFrames {
  static final int MOST = 256;
  static final int MOST_EACH = 128;

  /** Takes a frame. */
  interface Taker {
    void take(MemorySegment memory, long offset, int length);
  }

  private final MemorySegment memory;
  private final long slotBytes;
  private final @Nullable Neighbour[] owners = new Neighbour[MOST];
  private final int[] lengths = new int[MOST];
  private final long[] orders = new long[MOST];
  private long nextOrder;

  WaitingFrames(int longestFrameBytes) {
    slotBytes = longestFrameBytes;
    memory = Arena.ofAuto().allocate(MOST * slotBytes, 64);
  }

  MemorySegment memory() {
    return memory;
  }

  /** Where a frame for this neighbour can be written, or -1 if too many wait already. */
  long place(Neighbour neighbour) {
    int slot = free(neighbour);
    return slot < 0 ? -1 : slot * slotBytes;
  }

  @SuppressWarnings("ReferenceEquality") // a neighbour is itself
  private int free(Neighbour neighbour) {
    int its = 0;
    int slot = -1;
    for (int i = 0; i < MOST; i++) {
      if (owners[i] == null) {
        slot = i;
      } else if (owners[i] == neighbour) {
        its++;
      }
    }
    return its < MOST_EACH ? slot : -1;
  }

  /** Adds the frame that was written at a place. */
  void add(Neighbour neighbour, long place, int length) {
    int slot = (int) (place / slotBytes);
    owners[slot] = neighbour;
    lengths[slot] = length;
    orders[slot] = nextOrder++;
  }

  /** Gives a neighbour's frames away, in order. */
  void release(Neighbour neighbour, Taker taker) {
    for (int slot = oldest(neighbour); slot >= 0; slot = oldest(neighbour)) {
      owners[slot] = null;
      taker.take(memory, slot * slotBytes, lengths[slot]);
    }
  }

  @SuppressWarnings("ReferenceEquality") // a neighbour is itself
  private int oldest(Neighbour neighbour) {
    int oldest = -1;
    for (int i = 0; i < MOST; i++) {
      if (owners[i] == neighbour && (oldest < 0 || orders[i] < orders[oldest])) {
        oldest = i;
      }
    }
    return oldest;
  }
}
