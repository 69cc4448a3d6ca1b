// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queue of an agent's commands: many threads offer, the holder of the agent polls.
 *
 * <p>The count beside the queue lets an idle agent see that nothing waits without taking the
 * queue's lock on every turn.
 */
final class CommandQueue {
  private final ArrayBlockingQueue<Runnable> queue;
  private final AtomicInteger waiting = new AtomicInteger();

  CommandQueue(int capacity) {
    queue = new ArrayBlockingQueue<>(capacity);
  }

  boolean offer(Runnable command) {
    if (!queue.offer(command)) {
      return false;
    }
    waiting.incrementAndGet();
    return true;
  }

  /** Takes a command back that was offered; false if it was polled before. */
  boolean takeBack(Runnable command) {
    if (!queue.remove(command)) {
      return false;
    }
    waiting.decrementAndGet();
    return true;
  }

  @Nullable Runnable poll() {
    Runnable command = queue.poll();
    if (command != null) {
      waiting.decrementAndGet();
    }
    return command;
  }

  /** Commands that wait; one whose {@link #offer} has not returned may be missing. */
  int waiting() {
    return waiting.get();
  }
}
