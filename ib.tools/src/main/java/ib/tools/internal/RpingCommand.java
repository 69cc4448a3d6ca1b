// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectRequest;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaException;
import java.io.PrintStream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code rping}: RDMA ping pong over a connection, wire-compatible with librdmacm's program of that
 * name in both roles.
 */
@Component(
    service = RpingCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=rping"})
public final class RpingCommand {
  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public RpingCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /**
   * Runs to the end.
   *
   * @param args as {@code rping} takes them
   * @return a summary
   * @throws Exception if something fails; the message says what and the remedy
   */
  public String rping(String[] args) throws Exception {
    String help = Common.help(RpingOptions.USAGE, args);
    if (help != null) {
      return help;
    }
    RpingOptions options = RpingOptions.parse(args);
    PrintStream out = System.out;
    return options.server() ? server(options, out) : client(options, out);
  }

  private String client(RpingOptions options, PrintStream out) throws ToolException, RdmaException {
    try (Run run = toolbox.begin(options.device(), options.source())) {
      int pings = new RpingClient(run, options, out).ping(Common.given(options.address()));
      return pings + " pings of " + options.sizeBytes() + " bytes came back";
    }
  }

  private String server(RpingOptions options, PrintStream out) throws ToolException, RdmaException {
    int served = 0;
    // One run listens; each connection has one of its own, so that it ends without the others.
    try (Run listening = toolbox.begin(options.device(), options.address())) {
      Inbox<ConnectRequest> inbox =
          Inbox.ofConnections(listening, ConnectionManager.tcpServiceId(options.port()));
      Common.listening(listening, "port " + options.port(), out);
      while (options.persistent()) {
        serveOneOfMany(listening, inbox.next(options.timeoutS()), options, out);
      }
      served = serve(listening, inbox.next(options.timeoutS()), options, out);
    }
    return served + " pings served";
  }

  private int serve(Run listening, ConnectRequest request, RpingOptions options, PrintStream out)
      throws ToolException, RdmaException {
    try (Run run = toolbox.begin(listening.local().device().name(), null)) {
      return new RpingServer(run, options, out).serve(request);
    }
  }

  /** A client that goes wrong does not end a server that others use. */
  private void serveOneOfMany(
      Run listening, ConnectRequest request, RpingOptions options, PrintStream out) {
    try {
      out.println(serve(listening, request, options, out) + " pings served");
    } catch (ToolException | RdmaException e) {
      out.println("rping server failed: " + e.getMessage());
    }
  }
}
