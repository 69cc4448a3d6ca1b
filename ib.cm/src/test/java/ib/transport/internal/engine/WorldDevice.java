// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.hca.ProtectionTable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Random;

/**
 * A device of a simulated host: memory with guards between the parts that connections get, the keys
 * to them, two protection domains, maybe a shared receive queue, and a counter for all.
 */
final class WorldDevice {
  static final int SLOTS = 4;
  static final int SLOT_BYTES = 512 << 10;
  static final int GUARD_BYTES = 4096;
  private static final int SHARED_AT = SLOTS * (SLOT_BYTES + GUARD_BYTES) + GUARD_BYTES;
  private static final int MOST_RECEIVES = 16;
  private static final int MOST_RECEIVE_BYTES = 12 << 10;
  private static final int LEAST_RECEIVE_BYTES = 2 << 10;
  private static final int LATEST_POST_NS = 300_000;
  private static final int LATEST_FIRST_NS = 20_000_000;
  private static final int MOST_KEYS = 1000;
  static final int BYTES = SHARED_AT + SimSrq.needs(MOST_RECEIVES, MOST_RECEIVE_BYTES);
  private static final byte GUARD = 0x77;

  /** A part of the memory, for one end of one connection. */
  record Slot(WorldDevice device, int start) {
    int end() {
      return start + SLOT_BYTES;
    }
  }

  final MemorySegment segment;
  final ProtectionTable keys;
  private final Object[] pds = {new Object(), new Object()};
  private final World world;

  /** Keys that are not given back. */
  int opened;

  /** Of the first protection domain; null if there is none. */
  SimSrq srq;

  WorldCounter counter;
  private final ArrayDeque<Slot> free = new ArrayDeque<>();
  boolean present = true;

  WorldDevice(World world, MemorySegment segment) {
    this.world = world;
    this.segment = segment;
    Random random = world.random;
    keys =
        random.nextBoolean()
            ? ProtectionTable.ofOneKey(MOST_KEYS, random)
            : ProtectionTable.ofTwoKeys(MOST_KEYS, random);
    for (int i = 0; i < SLOTS; i++) {
      int start = GUARD_BYTES + i * (SLOT_BYTES + GUARD_BYTES);
      free.add(new Slot(this, start));
      segment.asSlice(start - GUARD_BYTES, GUARD_BYTES).fill(GUARD);
    }
    segment.asSlice(SHARED_AT - GUARD_BYTES, GUARD_BYTES).fill(GUARD);
    counter = new WorldCounter(this, SHARED_AT - GUARD_BYTES / 2);
    if (random.nextBoolean()) {
      makeShared(random);
    }
  }

  private void makeShared(Random random) {
    int count = 2 + random.nextInt(MOST_RECEIVES - 1);
    int bytes = LEAST_RECEIVE_BYTES + random.nextInt(MOST_RECEIVE_BYTES - LEAST_RECEIVE_BYTES + 1);
    WorldRegion region =
        new WorldRegion(
            pds[0], false, SimMemory.LOCAL_WRITE, segment, SimMemory.BASE, 0, segment.byteSize());
    keys.add(region);
    int limit = random.nextBoolean() ? 0 : 1 + random.nextInt(count - 1);
    Refill refill = new Refill(limit);
    srq = new SimSrq(random, segment, SHARED_AT, count, bytes, region.lkey(), refill);
    srq.arm(limit);
    // At first it may be dry for a while.
    world.at(random.nextBoolean() ? 0 : random.nextInt(LATEST_FIRST_NS), srq::postAll);
  }

  /** Posts again soon, or only when the limit is told: then until there are enough. */
  private final class Refill implements SimSrq.User {
    private final int limit;

    /** Less than the limit are left. */
    private boolean low;

    Refill(int limit) {
      this.limit = limit;
    }

    @Override
    public void onDry() {
      world.happened(Happening.SHARED_DRY);
    }

    @Override
    public void onFree(int index) {
      world.happened(Happening.SHARED_RECEIVE);
      if (limit == 0) {
        world.at(world.random.nextInt(LATEST_POST_NS), () -> srq.post(index));
      } else if (low) {
        world.at(0, this::fill);
      }
    }

    @Override
    public void onLimit() {
      world.check(!low && limit > 0, "a limit that is not armed was told");
      low = true;
      world.happened(Happening.SHARED_LIMIT);
      world.at(world.random.nextInt(LATEST_POST_NS), this::fill);
    }

    private void fill() {
      if (low && present) {
        srq.postAll();
        if (srq.left() >= limit) {
          low = false;
          srq.arm(limit);
        }
      }
    }
  }

  /** One of the protection domains. */
  Object anyPd() {
    return pds[world.random.nextInt(pds.length)];
  }

  Object otherPd(Object pd) {
    return pd == pds[0] ? pds[1] : pds[0];
  }

  /** The shared receive queue where a protection domain has one and an end wants it, or null. */
  SimSrq anySrq(Object pd) {
    return pd == pds[0] && world.random.nextBoolean() ? srq : null;
  }

  /** A free part, or null. */
  Slot take() {
    return free.poll();
  }

  void give(Slot slot) {
    free.add(slot);
  }

  int taken() {
    return SLOTS - free.size();
  }

  /** Nothing is left over. */
  void checkClean() {
    counter.check();
    for (int i = 0; i <= SLOTS; i++) {
      long start = (long) i * (SLOT_BYTES + GUARD_BYTES);
      for (long at = start; at < start + GUARD_BYTES; at += Long.BYTES) {
        world.check(
            at == counter.offset
                || segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == 0x7777_7777_7777_7777L,
            "bytes outside of all regions were written");
      }
    }
    world.check(opened == 0, "a device has keys left");
    world.check(taken() == 0, "a device has parts of its memory taken");
    if (srq != null) {
      srq.checkQuiet();
    }
  }
}
