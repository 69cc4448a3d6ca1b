// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.AccessFlags;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.ConnectionManager;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WrOpcode;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code ucmatose}: connections, messages over each in both directions, disconnection by the
 * server; wire-compatible with librdmacm's {@code ucmatose} in both roles.
 */
@Component(
    service = UcmatoseCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=ucmatose"})
public final class UcmatoseCommand {
  private static final String USAGE =
      "ucmatose [-s server] [-b bind] [-P tcp|ib] [-p port] [-c connections] [-C messages] [-S size]";

  private static final int PORT = 7471;

  /** What the program proposes: one READ each way, 5 retries, none where no receive is posted. */
  private static final ConnectParams PARAMS =
      new ConnectParams(
          new byte[0],
          1,
          1,
          5,
          0,
          ConnectParams.DEFAULT_ACK_TIMEOUT_CODE,
          AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE);

  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public UcmatoseCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /** A connection and its queue pair. */
  private record Node(CmTestNode data, CmLink link) {}

  /**
   * Runs to the end.
   *
   * @param args as {@code ucmatose} takes them
   * @return that it is complete
   * @throws Exception if something fails; the message says what and the remedy
   */
  public String ucmatose(String[] args) throws Exception {
    String help = Common.help(USAGE, args);
    if (help != null) {
      return help;
    }
    CmTestOptions options = CmTestOptions.parse(USAGE, PORT, args);
    PrintStream out = System.out;
    try (Run run = toolbox.begin(options.device(), options.bind())) {
      if (options.server() == null) {
        server(run, options, out);
      } else {
        client(run, options, out);
      }
    }
    return "test complete";
  }

  private static Node node(Run run, CmTestOptions options) throws RdmaException, ToolException {
    CmTestNode data = new CmTestNode(run, options, QpType.RC);
    data.qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(AccessFlags.LOCAL_WRITE));
    data.postReceives();
    return new Node(data, new CmLink(run));
  }

  private static long serviceId(CmTestOptions options) {
    return options.ibSpace()
        ? ConnectionManager.ibServiceId(options.port())
        : ConnectionManager.tcpServiceId(options.port());
  }

  private static void server(Run run, CmTestOptions options, PrintStream out)
      throws RdmaException, ToolException {
    out.println("cmatose: starting server");
    List<Node> nodes = new ArrayList<>();
    Inbox<ConnectRequest> inbox = Inbox.ofConnections(run, serviceId(options));
    Common.listening(run, "port " + options.port(), out);
    while (nodes.size() < options.connections()) {
      Node node = node(run, options);
      ConnectRequest request = inbox.next(options.timeoutS());
      node.link.endWithRun(request.accept(node.data.qp, PARAMS, node.link));
      nodes.add(node);
    }
    for (Node node : nodes) {
      node.link.awaitEstablished();
    }
    if (options.messages() > 0) {
      out.println("initiating data transfers");
      send(nodes);
      out.println("completing sends");
      for (Node node : nodes) {
        node.data.awaitSends(node.link::isOver);
      }
      out.println("receiving data transfers");
      receive(nodes);
      out.println("data transfers complete");
    }
    out.println("cmatose: disconnecting");
    nodes.forEach(node -> node.link.disconnect());
    out.println("disconnected");
  }

  private static void client(Run run, CmTestOptions options, PrintStream out)
      throws RdmaException, ToolException {
    out.println("cmatose: starting client");
    out.println("cmatose: connecting");
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < options.connections(); i++) {
      Node node = node(run, options);
      node.link.endWithRun(
          run.local()
              .manager()
              .connectService(
                  node.data.qp,
                  Common.given(options.server()),
                  serviceId(options),
                  PARAMS,
                  node.link));
      nodes.add(node);
    }
    for (Node node : nodes) {
      node.link.awaitEstablished();
    }
    if (options.messages() > 0) {
      out.println("receiving data transfers");
      receive(nodes);
      out.println("sending replies");
      send(nodes);
      out.println("data transfers complete");
    }
    for (Node node : nodes) {
      node.link.awaitOver(Common.OPERATION_NS);
    }
  }

  private static void send(List<Node> nodes) throws ToolException {
    for (Node node : nodes) {
      node.data.postSends((send, i) -> send.reset(i, WrOpcode.SEND));
    }
  }

  private static void receive(List<Node> nodes) throws ToolException {
    for (Node node : nodes) {
      node.data.awaitReceives(node.link::isOver);
    }
  }
}
