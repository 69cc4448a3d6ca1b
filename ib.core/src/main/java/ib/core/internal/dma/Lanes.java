// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A lane for each thread that maps in one address space, up to {@link #LANES}; the others share
 * one. A thread that ended leaves its lane to the next. Thread-safe.
 */
final class Lanes {
  static final int LANES = 64;

  private static final int PROBES = 8;

  private final AtomicReferenceArray<Lane> lanes = new AtomicReferenceArray<>(LANES);
  private final Lane common = Lane.ofAll();
  private final AtomicLong peak = new AtomicLong();

  /** The caller's lane; to be left by {@link Lane#exit}. */
  Lane enter() {
    Thread thread = Thread.currentThread();
    long id = thread.threadId();
    Lane lane = lanes.getAcquire((int) id & (LANES - 1));
    if (lane != null && lane.belongsTo(id)) {
      return lane;
    }
    Lane found = find(thread);
    found.enter();
    return found;
  }

  private Lane find(Thread thread) {
    int home = (int) thread.threadId();
    for (int i = 0; i < PROBES; i++) {
      Lane lane = lanes.get((home + i) & (LANES - 1));
      if (lane != null && lane.belongsTo(thread.threadId())) {
        return lane;
      }
    }
    for (int i = 0; i < PROBES; i++) {
      int slot = (home + i) & (LANES - 1);
      Lane lane = lanes.get(slot);
      if (lane == null) {
        Lane fresh = Lane.of(thread);
        if (lanes.compareAndSet(slot, null, fresh)) {
          return fresh;
        }
      } else if (lane.adopt(thread)) {
        return lane;
      }
    }
    return common;
  }

  /** Counts a map of a lane. */
  void mapped(Lane lane) {
    if (lane.mapped()) {
      look(lane);
    }
  }

  /** Adds up what is live; the next time when it can have become a sixteenth more. */
  private void look(Lane lane) {
    long live = common.live();
    for (int i = 0; i < LANES; i++) {
      Lane one = lanes.get(i);
      live += one == null ? 0 : one.live();
    }
    long most = live;
    long highest = peak.accumulateAndGet(most, Math::max);
    lane.lookAfter(Math.max(highest - live, highest >> 4));
  }

  void addTo(LaneFigures sum) {
    sum.peak += peak.get();
    common.addTo(sum);
    for (int i = 0; i < LANES; i++) {
      Lane one = lanes.get(i);
      if (one != null) {
        one.addTo(sum);
      }
    }
  }
}
