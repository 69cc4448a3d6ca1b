// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * What the buffers of a perftest hold: it fills them with the low bytes of glibc's {@code rand()},
 * an additive feedback generator: each number is the sum of the 3rd and the 31st before it, less
 * its lowest bit. So whoever receives such bytes can tell whether they are right without the seed:
 * each is the sum of the 3rd and the 31st before it, or one more. We fill ours in the same way.
 */
final class PerfPattern {
  private static final int LONG_LAG = 31;
  private static final int SHORT_LAG = 3;

  /** With fewer nothing can be said. */
  static final int LEAST_BYTES = 2 * LONG_LAG + 2;

  private PerfPattern() {}

  static void fill(MemorySegment to) {
    SplittableRandom random = new SplittableRandom();
    int[] last = random.ints(LONG_LAG).toArray();
    int at = 0;
    for (long i = 0; i < to.byteSize(); i++) {
      int next = last[at] + last[(at + LONG_LAG - SHORT_LAG) % LONG_LAG];
      last[at] = next;
      at = (at + 1) % LONG_LAG;
      to.set(ValueLayout.JAVA_BYTE, i, (byte) (next >>> 1));
    }
  }

  /**
   * Looks whether bytes are from such a buffer.
   *
   * @return the first that is not; -1 if all are
   */
  static long firstWrong(MemorySegment data) {
    for (long i = LONG_LAG; i < data.byteSize(); i++) {
      int sum = at(data, i - SHORT_LAG) + at(data, i - LONG_LAG);
      int more = (at(data, i) - sum) & 0xFF;
      if (more > 1) {
        return i;
      }
    }
    return -1;
  }

  private static int at(MemorySegment data, long i) {
    return data.get(ValueLayout.JAVA_BYTE, i);
  }
}
