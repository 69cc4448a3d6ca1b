// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentException;
import ib.transport.agent.AgentTimeoutException;
import ib.verbs.RdmaException;
import ib.verbs.RdmaResource;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The synchronous commands of a driver to its hardware: each runs on the agent of the device's port
 * while the caller waits. Thread-safe.
 */
public final class HcaCommands {
  private final String device;
  private final Agent agent;
  private final Duration timeout;
  private final Consumer<String> onStuck;
  private volatile boolean withdrawn;

  /**
   * Creates the command channel of one device.
   *
   * @param device name, for messages
   * @param agent agent of its port
   * @param timeout longest wait of a command
   * @param onStuck told when a command did not end in time: the device is to be given up
   */
  public HcaCommands(String device, Agent agent, Duration timeout, Consumer<String> onStuck) {
    this.device = device;
    this.agent = agent;
    this.timeout = timeout;
    this.onStuck = onStuck;
  }

  /**
   * The device's name.
   *
   * @return e.g. {@code ipath0}
   */
  public String device() {
    return device;
  }

  /**
   * What a user names must be of this device, and then it is of the driver's own class.
   *
   * @param type the driver's class
   * @param resource what the user gave
   * @param <T> the driver's class
   * @return the resource
   * @throws RdmaException if it is of another device
   */
  public <T extends HcaResource> T own(Class<T> type, RdmaResource resource) throws RdmaException {
    if (type.isInstance(resource) && isOwn(resource)) {
      return type.cast(resource);
    }
    throw new RdmaException(
        resource.label() + " is not of " + device + "; make one on the same device");
  }

  /** Whether a resource is of this device. */
  boolean isOwn(@Nullable Object resource) {
    return resource instanceof HcaResource made && made.commands().equals(this);
  }

  /**
   * The agent that runs the commands.
   *
   * @return agent of the port
   */
  public Agent agent() {
    return agent;
  }

  /** From now on every command is refused. */
  public void withdraw() {
    withdrawn = true;
  }

  /**
   * Whether the hardware is gone.
   *
   * @return true after {@link #withdraw}
   */
  public boolean isWithdrawn() {
    return withdrawn;
  }

  /**
   * Refuses work after {@link #withdraw}.
   *
   * @param what for the message
   * @throws RdmaException if the hardware is gone
   */
  public void requirePresent(String what) throws RdmaException {
    if (withdrawn) {
      throw new RdmaException(
          what + ": " + device + " is withdrawn; use the device that replaces it");
    }
  }

  /**
   * Refuses what may not be called from a completion handler.
   *
   * @param what for the message
   * @throws IllegalStateException on the agent thread
   */
  public void refuseInAgent(String what) {
    if (agent.inAgent()) {
      throw new IllegalStateException(
          what + " on agent thread of " + device + "; hand it to another thread");
    }
  }

  /**
   * Runs a command and waits for its end. On the agent thread it runs at once. An interrupt is kept
   * for later, so that closing works on a thread that is being stopped: who does not know whether a
   * command ran can't give back what the hardware was given.
   *
   * @param what names the command in messages
   * @param command runs on the agent
   * @param <T> result
   * @return its result
   * @throws RdmaException if the hardware is gone, the command failed, or it did not end in time
   */
  public <T extends @Nullable Object> T call(String what, Callable<T> command)
      throws RdmaException {
    requirePresent(what);
    return callAlways(
        what,
        () -> {
          // The hardware may have been stopped while the command waited for its turn.
          requirePresent(what);
          return command.call();
        });
  }

  /**
   * As {@link #call}, also after {@link #withdraw}: for the end of the hardware itself.
   *
   * @param what names the command in messages
   * @param command runs on the agent
   * @param <T> result
   * @return its result
   * @throws RdmaException if the command failed or did not end in time
   * @throws IllegalStateException on the thread of another agent
   */
  public <T extends @Nullable Object> T callAlways(String what, Callable<T> command)
      throws RdmaException {
    boolean interrupted = Thread.interrupted();
    try {
      return agent.callUninterruptibly(what + " of " + device, command, timeout);
    } catch (AgentTimeoutException e) {
      onStuck.accept(String.valueOf(e.getMessage()));
      throw new RdmaException(String.valueOf(e.getMessage()), e);
    } catch (AgentException e) {
      if (e.getCause() instanceof RdmaException cause) {
        throw cause;
      }
      throw new RdmaException(String.valueOf(e.getMessage()), e);
    } catch (IllegalStateException e) {
      if (agent.isClosed()) {
        throw new RdmaException(what + ": the port of " + device + " is closed", e);
      }
      throw e;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
