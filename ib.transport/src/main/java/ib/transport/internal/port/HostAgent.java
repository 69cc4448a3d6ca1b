// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentCounter;
import ib.transport.agent.AgentOptions;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * The host's agent: all ports share it, so that both ends of a connection between two of them run
 * on one thread.
 */
@Component(service = HostAgent.class, immediate = true)
public final class HostAgent {
  /** Failures of the same agent that are logged in full; later ones are only counted. */
  private static final long LOGGED_FAILURES = 20;

  private final Logger log;
  private final Agent agent;

  /** Starts the agent. */
  @Activate
  public HostAgent(@Reference(service = LoggerFactory.class) Logger log) {
    this.log = log;
    this.agent = new Agent(AgentOptions.of(0).withErrorHandler(this::onError));
    agent.start();
  }

  /** Ends the agent. */
  @Deactivate
  void deactivate() {
    agent.close();
  }

  Agent agent() {
    return agent;
  }

  private void onError(String name, String what, Throwable error) {
    long failures =
        agent.counter(AgentCounter.TASK_ERRORS) + agent.counter(AgentCounter.COMMAND_ERRORS);
    if (failures <= LOGGED_FAILURES) {
      log.error("{}: {} failed and is run again", name, what, error);
    }
  }
}
