// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import ib.transport.internal.posix.Errno;
import ib.transport.internal.posix.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sleeps in {@code ppoll(2)} over the descriptors of all sources and an {@code eventfd} for
 * wake-ups.
 */
final class PollWaiter implements Waiter {
  private static final short POLLIN = 0x1;
  private static final short POLLOUT = 0x4;
  private static final short POLLNVAL = 0x20;
  private static final int EFD_NONBLOCK = 0x800;
  private static final int EFD_CLOEXEC = 0x80000;

  // struct pollfd: int fd, short events, short revents
  private static final int POLLFD_BYTES = 8;
  private static final int EVENTS = 4;
  private static final int REVENTS = 6;

  /** How long channels, which {@code poll} can't see, may wait for their agent. */
  private static final long CHANNEL_PERIOD_NS = 1_000_000;

  /**
   * How long the agent's thread may take to come back from its sleep, and how often that is looked
   * at.
   */
  private static final long LONGEST_RETURN_NS = 1_000_000_000;

  private static final long RETURN_CHECK_NS = 10_000;

  private final Posix posix = new Posix();
  private final Posix wakePosix = new Posix();
  private final MemorySegment timespec = Arena.ofAuto().allocate(16, 8);
  private final MemorySegment counter = Arena.ofAuto().allocate(8, 8);
  private final MemorySegment one = Arena.ofAuto().allocate(8, 8);
  private final Set<Pollable> dead = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Object wakeLock = new Object();
  private final int eventFd;
  private MemorySegment pollFds = Arena.ofAuto().allocate(16 * POLLFD_BYTES, 8);
  private Pollable[] polled = new Pollable[16];
  private @Nullable Pollable died;
  private int count;
  private boolean channels;

  /** From {@link #prepare} until the sleep that follows has ended. */
  private volatile boolean armed;

  private boolean closed;

  PollWaiter() {
    eventFd = posix.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (eventFd < 0) {
      throw new IllegalStateException(
          "an agent can't get an eventfd: "
              + Posix.errorText(-eventFd)
              + "; raise the limit of open files (ulimit -n)");
    }
    one.set(JAVA_LONG, 0, 1);
    put(eventFd, POLLIN);
  }

  @Override
  public boolean accepts(Pollable source) {
    return source.fd() >= 0 || source.channel() != null;
  }

  @Override
  public void prepare(TaskSlot[] slots, long nowNs) {
    armed = true;
    if (died != null) {
      dead.add(died);
      died = null;
    }
    count = 0;
    channels = false;
    put(eventFd, POLLIN);
    for (TaskSlot slot : slots) {
      if (slot.ready(nowNs)) {
        for (int i = 0; i < slot.sources.length; i++) {
          prepare(slot.sources[i]);
        }
      }
    }
  }

  private void prepare(Pollable source) {
    int fd = source.fd();
    if (fd < 0) {
      channels |= source.channel() != null;
    } else if (dead.isEmpty() || !dead.contains(source)) {
      ensureRoom();
      polled[count] = source;
      put(fd, source.wantsWrite() ? (short) (POLLIN | POLLOUT) : POLLIN);
    }
  }

  private void put(int fd, short events) {
    long at = (long) count * POLLFD_BYTES;
    pollFds.set(JAVA_INT, at, fd);
    pollFds.set(JAVA_SHORT, at + EVENTS, events);
    pollFds.set(JAVA_SHORT, at + REVENTS, (short) 0);
    count++;
  }

  private void ensureRoom() {
    if (count == polled.length) {
      MemorySegment larger = Arena.ofAuto().allocate(2 * pollFds.byteSize(), 8);
      MemorySegment.copy(pollFds, 0, larger, 0, pollFds.byteSize());
      pollFds = larger;
      polled = Arrays.copyOf(polled, 2 * count);
    }
  }

  @Override
  public void forget(TaskSlot slot) {
    dead.removeAll(Arrays.asList(slot.sources));
    if (!armed) {
      return;
    }
    // The agent's thread sleeps, or is about to, on the descriptors of the slot: while it does the
    // kernel keeps a
    // closed socket, and its address, alive.
    wakeUp();
    long begunNs = System.nanoTime();
    while (armed && System.nanoTime() - begunNs < LONGEST_RETURN_NS) {
      LockSupport.parkNanos(RETURN_CHECK_NS);
    }
  }

  @Override
  public void disarm() {
    armed = false;
  }

  @Override
  public void await(long timeoutNs, boolean withSources) {
    long ns = channels && withSources ? Math.min(timeoutNs, CHANNEL_PERIOD_NS) : timeoutNs;
    long limit = 0;
    if (ns != Long.MAX_VALUE) {
      timespec.set(JAVA_LONG, 0, ns / 1_000_000_000);
      timespec.set(JAVA_LONG, 8, ns % 1_000_000_000);
      limit = timespec.address();
    }
    int n = ppoll(withSources ? count : 1, limit);
    if (n > 0) {
      answer(withSources ? count : 1);
    } else if (n < 0 && n != -Errno.EINTR) {
      LockSupport.parkNanos(Math.min(ns, CHANNEL_PERIOD_NS));
    }
  }

  private int ppoll(int polledCount, long limit) {
    try {
      return posix.ppoll(pollFds.address(), polledCount, limit);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private void answer(int polledCount) {
    if (pollFds.get(JAVA_SHORT, REVENTS) != 0) {
      posix.read(eventFd, counter.address(), 8);
    }
    for (int i = 1; i < polledCount; i++) {
      if ((pollFds.get(JAVA_SHORT, (long) i * POLLFD_BYTES + REVENTS) & POLLNVAL) != 0) {
        // Closed under the agent: poll would answer at once for ever. Its task meets the error when
        // it reads.
        died = polled[i];
      }
    }
  }

  @Override
  public void wakeUp() {
    // Under a lock, because the number of a closed eventfd may soon be another file's.
    synchronized (wakeLock) {
      if (!closed) {
        wakePosix.write(eventFd, one.address(), 8);
      }
    }
  }

  @Override
  public void close() {
    synchronized (wakeLock) {
      if (!closed) {
        closed = true;
        wakePosix.close(eventFd);
      }
    }
  }
}
