// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Who owns which bytes of memory that the device only reads. What the device owns has a checksum
 * from the moment it was handed over; whatever differs later the CPU has written. Thread-safe.
 */
final class HandOver {
  /** Nothing was written that must not be. */
  static final long INTACT = -1;

  private static final int MAX_RANGES = 1024;
  private static final long STEP = 1L << 30;

  /** Bytes with one owner; the sum counts if that is the device. */
  private record Range(long from, long to, boolean device, long sum) {}

  private final MemorySegment memory;
  private final long offset;
  private List<Range> ranges = new ArrayList<>();

  /**
   * Begins with one owner for all.
   *
   * @param memory the CPU's memory
   * @param offset first byte in it
   * @param lengthBytes bytes
   * @param device true if the device owns them
   */
  HandOver(MemorySegment memory, long offset, long lengthBytes, boolean device) {
    this.memory = memory;
    this.offset = offset;
    ranges.add(range(0, lengthBytes, device));
  }

  private Range range(long from, long to, boolean device) {
    return new Range(from, to, device, device ? sum(from, to) : 0);
  }

  /**
   * Gives bytes to one owner.
   *
   * @param from first byte
   * @param to after the last byte
   * @param device true for the device, false for the CPU
   * @return offset of a range the CPU wrote to while the device owned it, or {@link #INTACT}
   */
  synchronized long give(long from, long to, boolean device) {
    List<Range> after = new ArrayList<>(ranges.size() + 2);
    long written = INTACT;
    for (Range range : ranges) {
      if (range.to <= from || range.from >= to) {
        after.add(range);
        continue;
      }
      if (isWritten(range)) {
        written = range.from;
      }
      if (range.from < from) {
        after.add(range(range.from, from, range.device));
      }
      after.add(range(Math.max(range.from, from), Math.min(range.to, to), device));
      if (range.to > to) {
        after.add(range(to, range.to, range.device));
      }
    }
    ranges = after.size() > MAX_RANGES ? joined(after) : after;
    return written;
  }

  /** Neighbours with the same owner become one; what was written meanwhile is forgotten. */
  private List<Range> joined(List<Range> many) {
    List<Range> few = new ArrayList<>();
    long from = 0;
    for (int i = 0; i < many.size(); i++) {
      Range range = many.get(i);
      if (i + 1 == many.size() || many.get(i + 1).device != range.device) {
        few.add(range(from, range.to, range.device));
        from = range.to;
      }
    }
    return few;
  }

  /**
   * Looks at everything the device owns.
   *
   * @return offset of a range the CPU wrote to, or {@link #INTACT}
   */
  synchronized long check() {
    for (Range range : ranges) {
      if (isWritten(range)) {
        return range.from;
      }
    }
    return INTACT;
  }

  private boolean isWritten(Range range) {
    return range.device && range.sum != sum(range.from, range.to);
  }

  private long sum(long from, long to) {
    CRC32 crc = new CRC32();
    try {
      for (long at = from; at < to; at += STEP) {
        crc.update(memory.asSlice(offset + at, Math.min(STEP, to - at)).asByteBuffer());
      }
    } catch (IllegalStateException e) {
      return 0; // the caller closed the arena of its own memory; the ops tell it
    }
    return crc.getValue();
  }
}
