// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.BiConsumer;

/**
 * The thread on which applications are told what happens, one event after the other, so that they
 * may block without holding up the agent. Bounded: {@link #hasRoom} tells when messages that make
 * events must wait.
 */
final class EventThread implements AutoCloseable {
  private static final long CLOSE_MS = 2000;

  private final ArrayBlockingQueue<Runnable> events;
  private final int reserve;
  private final BiConsumer<String, Throwable> onError;
  private final Thread thread;
  private volatile boolean closing;

  /**
   * Starts the thread.
   *
   * @param capacity events that may wait
   * @param reserve of these, how many are kept for events that timers make
   * @param onError told what an event threw
   */
  EventThread(String name, int capacity, int reserve, BiConsumer<String, Throwable> onError) {
    this.events = new ArrayBlockingQueue<>(capacity);
    this.reserve = reserve;
    this.onError = onError;
    this.thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  boolean hasRoom() {
    return events.remainingCapacity() > reserve;
  }

  /** Queues an event. */
  void post(Runnable event) {
    if (!events.offer(event)) {
      onError.accept(
          "the queue of " + thread.getName() + " is full: an application blocks its events",
          new IllegalStateException(events.size() + " events wait"));
    }
  }

  private void run() {
    while (!closing || !events.isEmpty()) {
      try {
        events.take().run();
      } catch (InterruptedException e) {
        onError.accept("somebody interrupted " + thread.getName() + "; it goes on", e);
      } catch (Throwable t) {
        onError.accept("an application's callback on " + thread.getName() + " failed", t);
      }
    }
  }

  /** Delivers what waits and ends; waits for that, but not for long and not for itself. */
  @Override
  public void close() {
    closing = true;
    post(() -> {});
    if (!thread.equals(Thread.currentThread())) {
      try {
        if (!thread.join(Duration.ofMillis(CLOSE_MS))) {
          onError.accept(
              thread.getName() + " did not end: an application's callback blocks",
              new IllegalStateException(Arrays.toString(thread.getStackTrace())));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
