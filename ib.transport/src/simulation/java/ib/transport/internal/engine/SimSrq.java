// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.RecvWqe;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Random;

/**
 * A shared receive queue of a simulated device, and the model of it: each receive that is posted is
 * taken by one queue pair at a time, and is completed once or given back; none gets lost, and none
 * is written before it is taken or after it is complete. A queue pair has one at a time, and none
 * once it has told of its last.
 */
final class SimSrq {
  private enum State {
    FREE,
    POSTED,
    TAKEN
  }

  /** What the user of the queue does. */
  interface User {
    /** A receive may be posted again. */
    void onFree(int index);

    /** Less than the limit are left. */
    void onLimit();

    /** A queue pair found none. */
    void onDry();
  }

  private static final byte DONE = 0x5A;
  private static final byte GUARD = 0x33;
  private static final int GUARD_BYTES = 64;

  /** Bytes of each receive. */
  final int bytes;

  private final Random random;
  private final MemorySegment memory;
  private final int start;
  private final int key;
  private final User user;
  private final State[] states;
  private final SimBackend[] takers;
  private final ArrayDeque<Integer> queue = new ArrayDeque<>();
  private final MemorySegment clean;
  private int limit;

  SimSrq(Random random, MemorySegment memory, int start, int count, int bytes, int key, User user) {
    this.random = random;
    this.memory = memory;
    this.start = start;
    this.bytes = bytes;
    this.key = key;
    this.user = user;
    states = new State[count];
    takers = new SimBackend[count];
    clean = MemorySegment.ofArray(new byte[bytes]).fill(DONE);
    memory.asSlice(start, needs(count, bytes)).fill(GUARD);
    for (int i = 0; i < count; i++) {
      states[i] = State.FREE;
      buffer(i).fill(DONE);
    }
  }

  /** Bytes of memory that a queue takes. */
  static int needs(int count, int bytes) {
    return GUARD_BYTES + count * (bytes + GUARD_BYTES);
  }

  /** Where a receive lies in memory. */
  int place(long index) {
    return start + GUARD_BYTES + (int) index * (bytes + GUARD_BYTES);
  }

  private MemorySegment buffer(int index) {
    return memory.asSlice(place(index), bytes);
  }

  // The user.

  /** Posts what is free. */
  void postAll() {
    for (int i = 0; i < states.length; i++) {
      if (states[i] == State.FREE) {
        post(i);
      }
    }
  }

  void post(int index) {
    if (states[index] != State.FREE) {
      return;
    }
    check(clean.mismatch(buffer(index)) < 0, "was written after it was complete", index);
    states[index] = State.POSTED;
    queue.add(index);
  }

  /** Asks to be told, once, when less are left. */
  void arm(int least) {
    limit = least;
  }

  /** Receives that are left to take. */
  int left() {
    return queue.size();
  }

  // The device.

  boolean next(SimBackend by, RecvWqe into) {
    check(!isHeldBy(by), "is asked for by a queue pair that holds another", -1);
    check(!by.events.contains("LAST_WQE"), "is asked for after the last one", -1);
    Integer index = queue.poll();
    if (index == null) {
      user.onDry();
      return false;
    }
    states[index] = State.TAKEN;
    takers[index] = by;
    into.clearSges();
    into.setCookie(index);
    int split = random.nextInt(bytes);
    long address = SimMemory.BASE + place(index);
    if (split > 0) {
      into.addSge(address, split, key);
    }
    into.addSge(address + split, bytes - split, key);
    if (queue.size() < limit) {
      limit = 0;
      user.onLimit();
    }
    return true;
  }

  void done(SimBackend by, long cookie) {
    int index = (int) cookie;
    check(
        states[index] == State.TAKEN && takers[index] == by, "was not taken by who ends it", index);
    states[index] = State.FREE;
    takers[index] = null;
    buffer(index).fill(DONE);
    user.onFree(index);
  }

  boolean isHeldBy(SimBackend by) {
    for (SimBackend taker : takers) {
      if (taker == by) {
        return true;
      }
    }
    return false;
  }

  /** A queue pair was reset or ended without a word about what it had: that serves another. */
  void giveBack(SimBackend by) {
    for (int i = 0; i < takers.length; i++) {
      if (takers[i] == by) {
        states[i] = State.POSTED;
        takers[i] = null;
        queue.addFirst(i);
      }
    }
  }

  /** No queue pair uses it any more: everything is where it was. */
  void checkQuiet() {
    int posted = 0;
    for (int i = 0; i < states.length; i++) {
      check(states[i] != State.TAKEN, "is held by nobody's queue pair", i);
      posted += states[i] == State.POSTED ? 1 : 0;
      check(guardHolds(place(i) - GUARD_BYTES), "has other bytes before it", i);
    }
    check(posted == queue.size(), "was lost or doubled", -1);
    check(guardHolds(place(states.length) - GUARD_BYTES), "has other bytes behind it", -1);
  }

  private boolean guardHolds(int at) {
    for (byte b :
        memory.asSlice(at, GUARD_BYTES).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)) {
      if (b != GUARD) {
        return false;
      }
    }
    return true;
  }

  private static void check(boolean right, String what, int index) {
    if (!right) {
      throw new AssertionError("receive " + index + " of a shared queue " + what);
    }
  }
}
