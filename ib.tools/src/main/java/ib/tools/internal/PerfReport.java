// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.nio.ByteBuffer;

/**
 * A measured bandwidth, as the ends tell it each other ({@code xchg_bw_reports} of {@code
 * perftest_communication.c}: five messages of 8 bytes, big-endian).
 *
 * @param sizeBytes of a message
 * @param iterations messages
 * @param peak MiB/s
 * @param average MiB/s
 * @param rate million messages a second
 */
record PerfReport(long sizeBytes, long iterations, double peak, double average, double rate) {
  private static final double MIB = 1 << 20;

  /** From what was counted. */
  static PerfReport of(int sizeBytes, long iterations, double peak, long spentNs) {
    double average = mib(sizeBytes, iterations, spentNs);
    return new PerfReport(
        sizeBytes,
        iterations,
        peak == 0 ? 0 : Math.max(peak, average),
        average,
        iterations * 1e3 / spentNs);
  }

  static double mib(int sizeBytes, long messages, long ns) {
    return sizeBytes * (double) messages / MIB / (ns / 1e9);
  }

  /** Tells ours, is told the peer's. A Linux server's means nothing: it has measured nothing. */
  PerfReport swap(PerfLine line) throws ToolException {
    return new PerfReport(
        swap(line, sizeBytes),
        swap(line, iterations),
        swap(line, peak),
        swap(line, average),
        swap(line, rate));
  }

  /** Both directions together, as perftest prints them: of the messages ours are counted. */
  PerfReport plus(PerfReport other) {
    return new PerfReport(
        sizeBytes, iterations, peak + other.peak, average + other.average, rate + other.rate);
  }

  private static long swap(PerfLine line, long mine) throws ToolException {
    byte[] bytes = ByteBuffer.allocate(Long.BYTES).putLong(mine).array();
    return ByteBuffer.wrap(line.swap("report", bytes)).getLong();
  }

  private static double swap(PerfLine line, double mine) throws ToolException {
    return Double.longBitsToDouble(swap(line, Double.doubleToRawLongBits(mine)));
  }
}
