// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Bth;

/**
 * What an engine is told about its port.
 *
 * @param localHigh the port's GID, upper half ({@code ::ffff:a.b.c.d} for IPv4)
 * @param localLow lower half
 * @param pkey partition key of all queue pairs
 * @param mtuBytes largest path MTU of the port: 256, 512, 1024, 2048 or 4096
 * @param windowPackets most request packets in flight to one peer, and most READ response packets
 *     asked for: what a receive buffer holds, 4 to {@link #MAX_WINDOW_PACKETS}
 * @param sendRing work requests of one queue pair that are on their way at once, a power of two, 2
 *     to 4096. Each costs half a kilobyte. A hundred one-packet messages fill a turn of the agent;
 *     longer messages are bounded by the window first
 */
public record EngineOptions(
    long localHigh, long localLow, int pkey, int mtuBytes, int windowPackets, int sendRing) {
  /** Far below half the PSN space, so that a difference of PSNs is never ambiguous. */
  public static final int MAX_WINDOW_PACKETS = 1 << 16;

  private static final int MIN_WINDOW_PACKETS = 4;
  private static final int USUAL_WINDOW_PACKETS = 256;
  private static final int USUAL_SEND_RING = 128;
  private static final int MAX_SEND_RING = 4096;
  private static final int MIN_MTU = 256;
  private static final int MAX_MTU = 4096;

  /** Checks the ranges. */
  public EngineOptions {
    if (windowPackets < MIN_WINDOW_PACKETS || windowPackets > MAX_WINDOW_PACKETS) {
      throw new IllegalArgumentException(
          "windowPackets " + windowPackets + ": must be 4.." + MAX_WINDOW_PACKETS);
    }
    if (sendRing < 2 || sendRing > MAX_SEND_RING || Integer.bitCount(sendRing) != 1) {
      throw new IllegalArgumentException(
          "sendRing " + sendRing + ": must be a power of two, 2.." + MAX_SEND_RING);
    }
    if (mtuBytes < MIN_MTU || mtuBytes > MAX_MTU || Integer.bitCount(mtuBytes) != 1) {
      throw new IllegalArgumentException(
          "mtuBytes " + mtuBytes + ": must be 256, 512, 1024, 2048 or 4096");
    }
  }

  /** The usual options of a port with this GID. */
  public static EngineOptions of(long localHigh, long localLow) {
    return new EngineOptions(
        localHigh, localLow, Bth.DEFAULT_PKEY, MAX_MTU, USUAL_WINDOW_PACKETS, USUAL_SEND_RING);
  }

  /** These options with another MTU. */
  public EngineOptions withMtuBytes(int bytes) {
    return new EngineOptions(localHigh, localLow, pkey, bytes, windowPackets, sendRing);
  }

  /** These options with another window. */
  public EngineOptions withWindowPackets(int packets) {
    return new EngineOptions(localHigh, localLow, pkey, mtuBytes, packets, sendRing);
  }

  /** These options with another bound of the work requests on their way. */
  public EngineOptions withSendRing(int entries) {
    return new EngineOptions(localHigh, localLow, pkey, mtuBytes, windowPackets, entries);
  }
}
