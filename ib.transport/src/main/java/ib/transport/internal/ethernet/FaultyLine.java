// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.ethernet;

import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Wire;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * One direction of a link with faults: takes frames and gives those that survive, in the order in
 * which they come out. Only RoCEv2 is hit; address resolution stays as it is.
 */
final class FaultyLine {
  private static final int READY = 1024;
  private static final int LATE = 16;
  private static final int MOST_PASSES = 4;
  private static final long LONGEST_HOLD_NS = 2_000_000;
  private static final int UDP_IN_IPV4 = Frames.LENGTH + Ipv4.LENGTH;
  private static final int UDP_IN_IPV6 = Frames.LENGTH + Ipv6.LENGTH;

  private final Faults faults;
  private final Random random;
  private final FrameQueue ready;

  // Frames that let others pass: one frame a queue, so that each can leave at any time.
  private final FrameQueue[] late = new FrameQueue[LATE];
  private final int[] passes = new int[LATE];
  private final long[] dueNs = new long[LATE];

  FaultyLine(Faults faults, long seed, int longestFrameBytes) {
    this.faults = faults;
    this.random = new Random(seed);
    this.ready = new FrameQueue(READY, longestFrameBytes);
    for (int i = 0; i < LATE; i++) {
      late[i] = new FrameQueue(1, longestFrameBytes);
    }
  }

  /** Frames that have come out. */
  FrameQueue ready() {
    return ready;
  }

  /** Takes a frame; more than the line holds are lost. */
  void offer(MemorySegment seg, long off, int length, long nowNs) {
    if (!isRoce(seg, off, length)) {
      ready.add(seg, off, length);
      return;
    }
    if (random.nextDouble() < faults.lossRate()) {
      return;
    }
    boolean twice = random.nextDouble() < faults.duplicateRate();
    boolean damaged = random.nextDouble() < faults.corruptRate();
    if (random.nextDouble() < faults.reorderRate() && hold(seg, off, length, nowNs)) {
      twice = false;
    } else {
      put(seg, off, length, damaged);
      overtake();
    }
    if (twice) {
      put(seg, off, length, false);
    }
  }

  private void put(MemorySegment seg, long off, int length, boolean damaged) {
    long at = ready.tail();
    if (ready.add(seg, off, length) && damaged) {
      long where = at + Frames.LENGTH + random.nextInt(length - Frames.LENGTH);
      Wire.u8(ready.memory(), where, Wire.u8(ready.memory(), where) ^ (1 << random.nextInt(8)));
    }
  }

  private boolean hold(MemorySegment seg, long off, int length, long nowNs) {
    for (int i = 0; i < LATE; i++) {
      if (late[i].isEmpty()) {
        passes[i] = 1 + random.nextInt(MOST_PASSES);
        dueNs[i] = nowNs + LONGEST_HOLD_NS;
        return late[i].add(seg, off, length);
      }
    }
    return false;
  }

  private void overtake() {
    for (int i = 0; i < LATE; i++) {
      if (!late[i].isEmpty() && --passes[i] == 0) {
        release(i);
      }
    }
  }

  private void release(int i) {
    ready.add(late[i].memory(), late[i].headOffset(), late[i].headLength());
    late[i].clear();
  }

  /** Lets go of what was held for long enough. */
  void onTurn(long nowNs) {
    for (int i = 0; i < LATE; i++) {
      if (!late[i].isEmpty() && nowNs - dueNs[i] >= 0) {
        release(i);
      }
    }
  }

  /** When a held frame is due, or {@link Long#MAX_VALUE}. */
  long nextDeadlineNs() {
    long earliest = Long.MAX_VALUE;
    for (int i = 0; i < LATE; i++) {
      if (!late[i].isEmpty()) {
        earliest = Math.min(earliest, dueNs[i]);
      }
    }
    return earliest;
  }

  private static boolean isRoce(MemorySegment seg, long off, int length) {
    int udp = length < Frames.LENGTH ? 0 : udpOffset(Frames.type(seg, off));
    return udp > 0
        && length >= udp + Frames.UDP_BYTES
        && Wire.u16(seg, off + udp + 2) == IcrcFlow.ROCE_PORT;
  }

  private static int udpOffset(int type) {
    return switch (type) {
      case Frames.IPV4 -> UDP_IN_IPV4;
      case Frames.IPV6 -> UDP_IN_IPV6;
      default -> 0;
    };
  }
}
