// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectionManager;
import ib.verbs.DatagramRequest;
import ib.verbs.DatagramService;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WrOpcode;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code udaddy}: datagram services resolved by the connection manager, messages to each and back;
 * wire-compatible with librdmacm's {@code udaddy} in both roles. Each message carries its sender's
 * QPN as immediate data, by which the server knows where to reply to.
 */
@Component(
    service = UdaddyCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=udaddy"})
public final class UdaddyCommand {
  private static final String USAGE =
      "udaddy [-s server] [-b bind] [-p port] [-c connections] [-C messages] [-S size]";

  private static final int PORT = 7174;
  private static final int PSNS = 1 << 24;

  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public UdaddyCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /** A queue pair and where its messages go. */
  private record Node(CmTestNode data, InetAddress peer, int qpn, int qkey) {}

  /**
   * Runs to the end.
   *
   * @param args as {@code udaddy} takes them, but {@code -p} is the port, not the port space
   * @return that it is complete
   * @throws Exception if something fails; the message says what and the remedy
   */
  public String udaddy(String[] args) throws Exception {
    String help = Common.help(USAGE, args);
    if (help != null) {
      return help;
    }
    CmTestOptions options = CmTestOptions.parse(USAGE, PORT, args);
    PrintStream out = System.out;
    try (Run run = toolbox.begin(options.device(), options.bind())) {
      int mtu = run.local().device().query().activeMtuBytes();
      if (options.messages() > 0 && options.sizeBytes() > mtu) {
        throw new ToolException(
            "message_size %d is larger than active mtu %d; give a smaller -S"
                .formatted(options.sizeBytes(), mtu));
      }
      if (options.server() == null) {
        server(run, options, out);
      } else {
        client(run, options, Common.given(options.server()), out);
      }
    }
    return "test complete";
  }

  /** In RTS, with all receives posted. */
  private static CmTestNode node(Run run, CmTestOptions options)
      throws RdmaException, ToolException {
    CmTestNode node = new CmTestNode(run, options, QpType.UD);
    node.qp.modify(new QpAttributes().state(QpState.INIT).qkey(ConnectionManager.RDMA_UDP_QKEY));
    node.postReceives();
    node.qp.modify(new QpAttributes().state(QpState.RTR));
    node.qp.modify(
        new QpAttributes().state(QpState.RTS).sqPsn(ThreadLocalRandom.current().nextInt(PSNS)));
    return node;
  }

  private static void server(Run run, CmTestOptions options, PrintStream out)
      throws RdmaException, ToolException {
    out.println("udaddy: starting server");
    Inbox<DatagramRequest> inbox =
        Inbox.ofDatagrams(run, ConnectionManager.udpServiceId(options.port()));
    Common.listening(run, "port " + options.port(), out);
    List<CmTestNode> nodes = new ArrayList<>();
    List<InetAddress> peers = new ArrayList<>();
    while (nodes.size() < options.connections()) {
      CmTestNode node = node(run, options);
      DatagramRequest request = inbox.next(options.timeoutS());
      request.accept(node.qp, new byte[0]);
      nodes.add(node);
      peers.add(request.remoteAddress().getAddress());
    }
    if (options.messages() > 0) {
      out.println("receiving data transfers");
      for (CmTestNode node : nodes) {
        node.awaitReceives(() -> false);
      }
      out.println("sending replies");
      for (int i = 0; i < nodes.size(); i++) {
        CmTestNode node = nodes.get(i);
        send(new Node(node, peers.get(i), node.immediate(), ConnectionManager.RDMA_UDP_QKEY));
      }
      for (CmTestNode node : nodes) {
        node.awaitSends(() -> false);
      }
      out.println("data transfers complete");
    }
  }

  private static void client(Run run, CmTestOptions options, InetAddress server, PrintStream out)
      throws RdmaException, ToolException {
    out.println("udaddy: starting client");
    out.println("udaddy: connecting");
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < options.connections(); i++) {
      CmTestNode data = node(run, options);
      Resolved resolved = new Resolved(run);
      run.add(
          run.local()
              .manager()
              .resolve(new InetSocketAddress(server, options.port()), new byte[0], resolved));
      DatagramService service = resolved.await();
      nodes.add(new Node(data, service.address(), service.qpn(), service.qkey()));
    }
    if (options.messages() > 0) {
      out.println("initiating data transfers");
      for (Node node : nodes) {
        send(node);
      }
      out.println("receiving data transfers");
      for (Node node : nodes) {
        node.data.awaitReceives(() -> false);
      }
      out.println("data transfers complete");
    }
  }

  private static void send(Node node) throws ToolException {
    int from = node.data.qp.qpn();
    node.data.postSends(
        (send, i) ->
            send.reset(i, WrOpcode.SEND_WITH_IMM)
                .immediate(from)
                .datagram(node.peer, node.qpn, node.qkey));
  }
}
