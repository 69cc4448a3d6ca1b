// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of an agent's commands: many threads offer, the holder of the agent polls. A
 * ring without locks, because a thread that is stopped in the middle of an offer must not stop the
 * agent.
 *
 * <p>An offer first claims a place by moving the tail, then fills it; a place that is claimed but
 * not filled yet looks empty. A poll empties the place before it moves the head, and only then can
 * the place be claimed again.
 */
final class CommandQueue {
  private final int capacity;
  private final int mask;
  private final AtomicReferenceArray<@Nullable Runnable> ring;
  private final AtomicLong tail = new AtomicLong();
  private final AtomicLong head = new AtomicLong();

  /** Where the tail must stop, as last seen: spares those who offer a look at the head. */
  private volatile long limit;

  CommandQueue(int capacity) {
    int size = Integer.highestOneBit(Math.max(1, capacity - 1)) << 1;
    this.capacity = capacity;
    this.mask = size - 1;
    this.ring = new AtomicReferenceArray<>(size);
    this.limit = capacity;
  }

  /** Any thread. False when the queue is full. */
  boolean offer(Runnable command) {
    long at;
    do {
      at = tail.get();
      if (at >= limit && !makeRoom(at)) {
        return false;
      }
    } while (!tail.compareAndSet(at, at + 1));
    ring.set((int) at & mask, command);
    return true;
  }

  private boolean makeRoom(long at) {
    long newLimit = head.get() + capacity;
    limit = newLimit;
    return at < newLimit;
  }

  /** The holder of the agent. Null when empty. */
  @Nullable Runnable poll() {
    long at = head.getPlain();
    int place = (int) at & mask;
    Runnable command = ring.get(place);
    if (command != null) {
      ring.setPlain(place, null);
      head.setRelease(at + 1);
    }
    return command;
  }

  /** Any thread. Whether nothing can be polled. */
  boolean isEmpty() {
    return ring.get((int) head.get() & mask) == null;
  }

  /** Any thread. Commands that wait, those included whose offer is in the middle. */
  int waiting() {
    return (int) (tail.get() - head.get());
  }
}
