// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.ulp.srpt.internal.scsi.Backing;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A thread for flushes only. Making a large file durable can take seconds, and the worker must go
 * on serving other commands and leaving devices meanwhile; a flush needs neither buffers nor
 * mappings, so nothing but its command waits for it. Reads and writes stay on the worker: they are
 * short, and handing each over would cost more than most of them.
 */
final class Flusher implements AutoCloseable {
  private static final int QUEUE = 1024;
  private static final long JOIN_MS = 500;

  /** A flush asked for by one use of a command. */
  static final class Job {
    final Command command;
    final long use;
    private final Backing backing;
    @Nullable IOException failure;

    Job(Command command, Backing backing) {
      this.command = command;
      this.use = command.use;
      this.backing = backing;
    }
  }

  private final BlockingQueue<Job> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Queue<Job> done = new ConcurrentLinkedQueue<>();
  private final Runnable wake;
  private final Thread thread;
  private volatile boolean running = true;

  /**
   * Starts the thread.
   *
   * @param wake called after each flush, on this thread
   */
  Flusher(String name, Runnable wake) {
    this.wake = wake;
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** False if too many flushes wait already. */
  boolean offer(Job job) {
    return running && queue.offer(job);
  }

  /** A flush that is over, or null. */
  @Nullable Job poll() {
    return done.poll();
  }

  private void run() {
    while (running) {
      try {
        Job job = queue.poll(100, TimeUnit.MILLISECONDS);
        if (job != null) {
          flush(job);
        }
      } catch (InterruptedException e) {
        // Nobody interrupts this thread on purpose; close() ends it through the flag.
      }
    }
  }

  private void flush(Job job) {
    try {
      job.backing.flush();
    } catch (IOException e) {
      job.failure = e;
    } catch (RuntimeException e) {
      job.failure = new IOException("flush failed: " + e, e);
    }
    done.add(job);
    wake.run();
  }

  @Override
  public void close() {
    running = false;
    queue.clear();
    try {
      thread.join(JOIN_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
