// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * Something whose readiness ends the sleep of an {@link Agent}: a native file descriptor or a
 * selectable channel. A source has exactly one of the two.
 *
 * <p>Its owner removes it from the agent ({@link Agent#remove}) before it closes it.
 */
public interface Pollable {
  /** The native descriptor for {@code poll(2)}, or -1 if {@link #channel()} is to be used. */
  default int fd() {
    return -1;
  }

  /** The non-blocking channel for a selector, or null if {@link #fd()} is to be used. */
  default @Nullable SelectableChannel channel() {
    return null;
  }

  /**
   * Whether room to write is waited for as well as input. Asked each time before the agent sleeps,
   * by the thread that holds the agent.
   */
  default boolean wantsWrite() {
    return false;
  }
}
