// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;

/**
 * A device of a simulated host: memory with guards between the parts that connections get, and the
 * keys to them.
 */
final class WorldDevice {
  static final int SLOTS = 4;
  static final int SLOT_BYTES = 512 << 10;
  static final int GUARD_BYTES = 4096;
  static final int BYTES = SLOTS * (SLOT_BYTES + GUARD_BYTES) + GUARD_BYTES;
  private static final byte GUARD = 0x77;

  /** A part of the memory, for one end of one connection. */
  record Slot(WorldDevice device, int start) {
    int end() {
      return start + SLOT_BYTES;
    }
  }

  final SimMemory memory;
  private final ArrayDeque<Slot> free = new ArrayDeque<>();
  boolean present = true;

  WorldDevice(MemorySegment segment) {
    memory = new SimMemory(segment);
    for (int i = 0; i < SLOTS; i++) {
      int start = GUARD_BYTES + i * (SLOT_BYTES + GUARD_BYTES);
      free.add(new Slot(this, start));
      segment.asSlice(start - GUARD_BYTES, GUARD_BYTES).fill(GUARD);
    }
    segment.asSlice(BYTES - GUARD_BYTES, GUARD_BYTES).fill(GUARD);
  }

  /** A free part, or null. */
  Slot take() {
    return free.poll();
  }

  void give(Slot slot) {
    free.add(slot);
  }

  int taken() {
    return SLOTS - free.size();
  }

  boolean guardsHold() {
    for (int i = 0; i <= SLOTS; i++) {
      long start = (long) i * (SLOT_BYTES + GUARD_BYTES);
      for (long at = start; at < start + GUARD_BYTES; at += Long.BYTES) {
        if (memory.segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != 0x7777_7777_7777_7777L) {
          return false;
        }
      }
    }
    return true;
  }
}
