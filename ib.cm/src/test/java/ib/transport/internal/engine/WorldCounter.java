// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.verbs.AccessFlags;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;

/**
 * Eight bytes of a device to which many queue pairs add one: each addition is done once, and no two
 * see the same.
 */
final class WorldCounter {
  final int offset;
  private final WorldDevice device;
  private final Set<Long> seen = new HashSet<>();
  private int posted;
  private int pending;

  WorldCounter(WorldDevice device, int offset) {
    this.device = device;
    this.offset = offset;
    device.segment.set(ValueLayout.JAVA_LONG, offset, 0);
  }

  /** A key to it, which its owner gives back. */
  int open(WorldMemory memory) {
    return memory.register(offset, Long.BYTES, AccessFlags.REMOTE_ATOMIC | AccessFlags.LOCAL_WRITE);
  }

  long address() {
    return SimMemory.BASE + offset;
  }

  void onPosted() {
    posted++;
    pending++;
  }

  /** One addition is done. */
  void onDone(long original) {
    pending--;
    if (original < 0 || original >= posted || !seen.add(original)) {
      throw new AssertionError(
          "the counter was " + original + " for two, or never; " + posted + " were asked for");
    }
  }

  /** One was flushed, or was on its way when its host was lost: it may be done or not. */
  void check() {
    long value = device.segment.get(ValueLayout.JAVA_LONG, offset);
    if (value < seen.size() || value > posted || (pending == 0 && value != posted)) {
      throw new AssertionError(
          "the counter is "
              + value
              + " after "
              + seen.size()
              + " of "
              + posted
              + " additions were answered");
    }
  }
}
