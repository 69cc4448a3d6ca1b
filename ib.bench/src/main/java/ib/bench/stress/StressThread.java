// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.dma.DmaMemoryPool;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** One thread's random operations. Its random numbers decide everything: a seed repeats them. */
final class StressThread {
  private static final int SLOTS = 48;
  private static final int RENEWS_OF = 32;

  private final List<StressDevice> devices;
  private final SplittableRandom random;
  private final List<StressSlot> slots = new ArrayList<>();
  private long operations;
  private long refusals;

  StressThread(List<StressDevice> devices, DmaMemoryPool pool, SplittableRandom random) {
    this.devices = devices;
    this.random = random;
    for (int i = 0; i < SLOTS; i++) {
      slots.add(new StressSlot(pool, random.split()));
    }
  }

  /** Does as many operations, then unmaps everything. */
  void run(long count) {
    for (long i = 0; i < count; i++) {
      step(slots.get(random.nextInt(SLOTS)));
      operations++;
    }
    for (StressSlot slot : slots) {
      if (slot.isMapped()) {
        slot.unmap();
      }
    }
  }

  private void step(StressSlot slot) {
    if (!slot.isMapped()) {
      if (random.nextInt(RENEWS_OF) == 0 && !slot.tryRenew()) {
        refusals++;
      }
      if (!slot.map(devices.get(random.nextInt(devices.size())))) {
        refusals++;
      }
    } else if (random.nextBoolean()) {
      slot.sync();
    } else {
      slot.unmap();
    }
  }

  void close() {
    slots.forEach(StressSlot::close);
  }

  long operations() {
    return operations;
  }

  /** Maps that failed for lack of room. */
  long refusals() {
    return refusals;
  }
}
