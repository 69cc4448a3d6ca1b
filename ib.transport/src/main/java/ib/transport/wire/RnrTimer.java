// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/** The 5-bit receiver-not-ready timer codes (specification 9.7.5.2.8, table 45). */
public final class RnrTimer {
  /** The largest code. */
  public static final int MAX_CODE = 31;

  private static final long TEN_MICROSECONDS_NS = 10_000;

  /** Index = code; unit = 10 microseconds. */
  private static final int[] TENS_OF_MICROSECONDS = {
    65536, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536,
    2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152
  };

  private RnrTimer() {}

  /**
   * The delay in nanoseconds that a code stands for; only the low five bits of {@code code} count.
   */
  public static long delayNs(int code) {
    return TENS_OF_MICROSECONDS[code & MAX_CODE] * TEN_MICROSECONDS_NS;
  }

  /**
   * The code of the shortest delay that is not shorter than {@code delayNs}; code 0 (655.36 ms)
   * where all are shorter.
   */
  public static int codeFor(long delayNs) {
    for (int code = 1; code <= MAX_CODE; code++) {
      if (delayNs(code) >= delayNs) {
        return code;
      }
    }
    return 0;
  }
}
