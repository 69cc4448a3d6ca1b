// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.locks.LockSupport;

/** Sleeps in a {@link Selector}, in whole milliseconds: the portable way. */
final class SelectorWaiter implements Waiter {
  private static final long NS_PER_MS = 1_000_000;

  private final Selector selector;

  SelectorWaiter() {
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException("an agent can't open a selector: " + e.getMessage(), e);
    }
  }

  @Override
  public boolean accepts(Pollable source) {
    return source.channel() != null;
  }

  @Override
  public void prepare(TaskSlot[] slots, long nowNs) {
    for (TaskSlot slot : slots) {
      boolean ready = slot.ready(nowNs);
      for (int i = 0; i < slot.sources.length; i++) {
        prepare(slot.sources[i], ready);
      }
    }
  }

  private void prepare(Pollable source, boolean ready) {
    SelectableChannel channel = source.channel();
    if (channel == null || !channel.isOpen()) {
      return;
    }
    int interest = 0;
    if (ready) {
      interest = SelectionKey.OP_READ | (source.wantsWrite() ? SelectionKey.OP_WRITE : 0);
    }
    try {
      SelectionKey key = channel.keyFor(selector);
      if (key == null) {
        channel.register(selector, interest);
      } else {
        key.interestOps(interest);
      }
    } catch (ClosedChannelException | CancelledKeyException e) {
      // Closed under the agent: its task meets the error when it reads.
      return;
    }
  }

  @Override
  public void forget(TaskSlot slot) {
    boolean cancelled = false;
    for (int i = 0; i < slot.sources.length; i++) {
      SelectableChannel channel = slot.sources[i].channel();
      SelectionKey key = channel == null ? null : channel.keyFor(selector);
      if (key != null) {
        key.cancel();
        cancelled = true;
      }
    }
    if (cancelled) {
      deregister();
    }
  }

  /**
   * A channel that is closed while a key of it is only cancelled keeps its address until the
   * selector has turned.
   */
  private void deregister() {
    selector.wakeup();
    try {
      selector.selectNow();
    } catch (IOException | ClosedSelectorException e) {
      // Nothing is registered with a selector that fails.
      return;
    }
    // A look takes away the wake-ups before it, also one that was meant for the agent's thread.
    selector.wakeup();
  }

  @Override
  public void await(long timeoutNs, boolean withSources) {
    try {
      if (!withSources) {
        for (SelectionKey key : selector.keys()) {
          key.interestOps(0);
        }
      }
      long ms = timeoutNs == Long.MAX_VALUE ? 0 : Math.max(1, timeoutNs / NS_PER_MS);
      selector.select(key -> {}, ms);
    } catch (CancelledKeyException e) {
      return;
    } catch (IOException e) {
      LockSupport.parkNanos(Math.min(timeoutNs, NS_PER_MS));
    }
  }

  @Override
  public void disarm() {
    // The selector's own lock makes who forgets wait for the end of a sleep.
  }

  @Override
  public void wakeUp() {
    selector.wakeup();
  }

  @Override
  public void close() {
    try {
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException("an agent can't close its selector", e);
    }
  }
}
