// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A lane for each thread that maps in one address space, up to {@link #LANES}; the others share
 * one. A thread that ended leaves its lane to the next. Thread-safe.
 */
final class Lanes {
  static final int LANES = 64;

  private static final int PROBES = 8;

  private static final VarHandle LANE = MethodHandles.arrayElementVarHandle(Lane[].class);

  /** Read plainly: a thread goes by what it wrote itself into a lane. */
  private final @Nullable Lane[] lanes = new @Nullable Lane[LANES];

  private final Lane common = Lane.ofAll();
  private final AtomicLong peak = new AtomicLong();

  /** The caller's lane; to be left by {@link Lane#exit}. */
  Lane enter() {
    Thread thread = Thread.currentThread();
    long id = thread.threadId();
    Lane lane = lanes[(int) id & (LANES - 1)];
    if (lane != null && lane.belongsTo(id)) {
      return lane;
    }
    Lane found = find(thread);
    found.enter();
    return found;
  }

  private @Nullable Lane lane(int slot) {
    return (Lane) LANE.getAcquire(lanes, slot);
  }

  private Lane find(Thread thread) {
    int home = (int) thread.threadId();
    for (int i = 0; i < PROBES; i++) {
      Lane lane = lane((home + i) & (LANES - 1));
      if (lane != null && lane.belongsTo(thread.threadId())) {
        return lane;
      }
    }
    for (int i = 0; i < PROBES; i++) {
      int slot = (home + i) & (LANES - 1);
      Lane lane = lane(slot);
      if (lane == null) {
        Lane fresh = Lane.of(thread);
        if (LANE.compareAndSet(lanes, slot, null, fresh)) {
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
      Lane one = lane(i);
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
      Lane one = lane(i);
      if (one != null) {
        one.addTo(sum);
      }
    }
  }
}
