// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.ConnectRequest;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code perf}: bandwidth and latency of the operations, in the shape of perftest's tables. The
 * ends find each other in a way of their own, over the connection manager: both must be this
 * command.
 */
@Component(
    service = PerfCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=perf"})
public final class PerfCommand {
  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public PerfCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /**
   * Measures, or serves one measurement.
   *
   * @param args operation, measure, options and host; at the server options only
   * @return null at the client, which has printed its table
   * @throws Exception if something fails; the message says what and the remedy
   */
  public @Nullable String perf(String[] args) throws Exception {
    PerfOptions options = PerfOptions.parse(args);
    PrintStream out = System.out;
    Operation operation = options.operation();
    try (Run run = toolbox.begin(options.device(), null)) {
      if (operation == null) {
        serve(run, options, out);
        return "served";
      }
      new PerfClient(run, options, operation, out).measure(String.valueOf(options.host()));
      return null;
    }
  }

  private static void serve(Run run, PerfOptions options, PrintStream out)
      throws ToolException, RdmaException {
    Inbox<ConnectRequest> inbox =
        Inbox.ofConnections(run, ConnectionManager.tcpServiceId(options.port()));
    Common.listening(run, "port " + options.port(), out);
    PerfServer.serve(run, inbox.next(options.timeoutS()));
  }
}
