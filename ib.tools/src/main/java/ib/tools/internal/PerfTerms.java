// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What the ends agree on before anything else ({@code exchange_versions}, {@code check_sys_data}
 * and {@code check_mtu} of {@code perftest_communication.c}): each takes the larger buffer and
 * cache line, and the smaller path MTU.
 *
 * @param mtuBytes path MTU
 * @param cycleBytes small messages go to slots of a buffer of so many bytes, in turn
 * @param lineBytes slots begin at multiples of it
 */
record PerfTerms(int mtuBytes, int cycleBytes, int lineBytes) {
  /** The version whose formats we speak; later ones keep to it with a peer that tells it. */
  static final String VERSION = "6.06";

  private static final double OLDEST = 5.70;
  private static final int VERSION_BYTES = 16;
  private static final int PAGE = 4096;
  private static final int LINE = 64;
  private static final int MTU_SHIFT = 7;
  private static final int MTU_256 = 1;
  private static final int MTU_4096 = 5;

  /** Agrees with the peer. */
  static PerfTerms agree(PerfLine line, int mtuBytes) throws ToolException {
    byte[] version = VERSION.getBytes(StandardCharsets.US_ASCII);
    checkVersion(text(line.swap("version", Arrays.copyOf(version, VERSION_BYTES))));
    int cycle = Math.max(PAGE, number(line, "buffer size", PAGE));
    int cacheLine = Math.max(LINE, number(line, "cache line", LINE));
    if (cycle > PerfOptions.MAX_SIZE || cacheLine > cycle) {
      throw new ToolException(
          "the peer wants a buffer of %d and cache lines of %d bytes".formatted(cycle, cacheLine));
    }
    int mine = Integer.numberOfTrailingZeros(mtuBytes) - MTU_SHIFT;
    byte[] told = line.swap("path MTU", new byte[] {(byte) ('0' + mine), 0});
    int theirs = told[0] - '0';
    boolean smaller = theirs >= MTU_256 && theirs <= MTU_4096 && theirs < mine;
    return new PerfTerms(1 << (MTU_SHIFT + (smaller ? theirs : mine)), cycle, cacheLine);
  }

  private static int number(PerfLine line, String what, int mine) throws ToolException {
    byte[] bytes = ByteBuffer.allocate(Integer.BYTES).putInt(mine).array();
    return ByteBuffer.wrap(line.swap(what, bytes)).getInt();
  }

  private static String text(byte[] zeroTerminated) {
    String text = new String(zeroTerminated, StandardCharsets.US_ASCII);
    int end = text.indexOf('\0');
    return end < 0 ? text : text.substring(0, end);
  }

  static void checkVersion(String theirs) throws ToolException {
    double version;
    try {
      version = Double.parseDouble(theirs);
    } catch (NumberFormatException e) {
      throw new ToolException("the peer is no perftest: its version is \"" + theirs + "\"", e);
    }
    if (version < OLDEST) {
      throw new ToolException(
          "the peer is perftest %s, we speak as %s does, which is not compatible with versions"
                  .formatted(theirs, VERSION)
              + " older than 5.70; take a newer one");
    }
  }

  /** Whether messages of a size go to slots in turn. */
  private boolean isCycled(int sizeBytes) {
    return sizeBytes <= cycleBytes / 2;
  }

  private int stepBytes(int sizeBytes) {
    return Math.max(1, (sizeBytes + lineBytes - 1) / lineBytes) * lineBytes;
  }

  /** Slots that there are for messages of a size. */
  int slots(int sizeBytes) {
    return isCycled(sizeBytes) ? cycleBytes / stepBytes(sizeBytes) : 1;
  }

  /** Where in its buffer the n-th message lies. */
  int offset(int sizeBytes, long n) {
    return (int) (n % slots(sizeBytes)) * (isCycled(sizeBytes) ? stepBytes(sizeBytes) : 0);
  }

  /** Bytes of a buffer. */
  int bufferBytes(int sizeBytes) {
    return Math.max(sizeBytes, cycleBytes);
  }
}
