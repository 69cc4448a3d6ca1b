// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What ranges are filled with, to be compared at once. Thread-safe. */
final class StressBytes {
  /** How many patterns there are. */
  static final int PATTERNS = 4;

  /** The longest memory. */
  static final int MAX_BYTES = 1 << 16;

  private static final MemorySegment ZEROS = Arena.global().allocate(MAX_BYTES);
  private static final MemorySegment[] FILLED = new MemorySegment[PATTERNS];

  static {
    for (int i = 0; i < PATTERNS; i++) {
      FILLED[i] = Arena.global().allocate(MAX_BYTES).fill((byte) (0x11 * (i + 1)));
    }
  }

  private StressBytes() {}

  static boolean isZero(MemorySegment bytes) {
    return MemorySegment.mismatch(bytes, 0, bytes.byteSize(), ZEROS, 0, bytes.byteSize()) < 0;
  }

  static void fill(MemorySegment bytes, long at, long count, int pattern) {
    MemorySegment.copy(FILLED[pattern], 0, bytes, at, count);
  }

  /** Fails, naming what it is, if a byte is not of the pattern. */
  static void verify(MemorySegment bytes, long at, long count, int pattern, Object what) {
    if (MemorySegment.mismatch(bytes, at, at + count, FILLED[pattern], 0, count) >= 0) {
      throw new StressFailure("bytes %d to %d of %s changed".formatted(at, at + count, what));
    }
  }
}
