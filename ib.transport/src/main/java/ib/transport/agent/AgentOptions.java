// SPDX-License-Identifier: Apache-2.0
package ib.transport.agent;

import java.time.Duration;

/**
 * How an {@link Agent} is made.
 *
 * @param name name of the agent and of its thread
 * @param commandCapacity most commands that may wait
 * @param spinNs how long after the last work the agent looks for more before it sleeps; 0 = sleep
 *     at once
 * @param closeTimeout how long {@link Agent#close()} waits for the thread to end
 * @param waitMode what the agent sleeps in
 * @param clock the agent's clock; its nanoseconds must be as long as real ones, because sleeps are
 *     measured with it
 * @param errorHandler told of what tasks and commands throw
 */
public record AgentOptions(
    String name,
    int commandCapacity,
    long spinNs,
    Duration closeTimeout,
    WaitMode waitMode,
    NanoClock clock,
    AgentErrorHandler errorHandler) {

  /** What an idle agent sleeps in. */
  public enum WaitMode {
    /** {@link #NATIVE} where the system has it, else {@link #CHANNEL}. */
    AUTO,
    /**
     * {@code poll(2)} with an {@code eventfd}: Linux. Channels are then looked at once a
     * millisecond.
     */
    NATIVE,
    /** A {@link java.nio.channels.Selector}: everywhere, but takes no native descriptors. */
    CHANNEL
  }

  /** Checks the ranges. */
  public AgentOptions {
    if (commandCapacity < 1) {
      throw new IllegalArgumentException(
          "commandCapacity " + commandCapacity + ": must be 1 or more");
    }
    if (spinNs < 0) {
      throw new IllegalArgumentException("spinNs " + spinNs + ": must be 0 or more");
    }
  }

  /** The usual options of agent {@code index}, whose thread is named {@code ib-agent-<index>}. */
  public static AgentOptions of(int index) {
    return new AgentOptions(
        "ib-agent-" + index,
        4096,
        20_000,
        Duration.ofSeconds(2),
        WaitMode.AUTO,
        NanoClock.SYSTEM,
        (agent, what, error) -> {});
  }

  /** These options with another error handler. */
  public AgentOptions withErrorHandler(AgentErrorHandler handler) {
    return new AgentOptions(name, commandCapacity, spinNs, closeTimeout, waitMode, clock, handler);
  }

  /** These options with another time to spin, in nanoseconds. */
  public AgentOptions withSpinNs(long ns) {
    return new AgentOptions(name, commandCapacity, ns, closeTimeout, waitMode, clock, errorHandler);
  }

  /** These options with another limit of waiting commands. */
  public AgentOptions withCommandCapacity(int commands) {
    return new AgentOptions(name, commands, spinNs, closeTimeout, waitMode, clock, errorHandler);
  }

  /** These options with another way to sleep. */
  public AgentOptions withWaitMode(WaitMode mode) {
    return new AgentOptions(name, commandCapacity, spinNs, closeTimeout, mode, clock, errorHandler);
  }

  /** These options with another bound of {@link Agent#close()}. */
  public AgentOptions withCloseTimeout(Duration timeout) {
    return new AgentOptions(name, commandCapacity, spinNs, timeout, waitMode, clock, errorHandler);
  }
}
