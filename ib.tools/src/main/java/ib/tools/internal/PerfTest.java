// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.ConnectRequest;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A measurement from the first to the last word, in the order in which perftest's programs have it
 * ({@code write_bw.c}, {@code write_lat.c}, {@code read_bw.c}, {@code read_lat.c}, {@code
 * send_bw.c}, {@code send_lat.c}, {@code atomic_bw.c}, {@code atomic_lat.c}): terms, addresses,
 * connection, handshakes around what is measured, reports of bandwidths, the end.
 */
final class PerfTest {
  private final Run run;
  private final PerfOptions options;
  private final PrintStream out;
  private final PerfTable table;

  PerfTest(Run run, PerfOptions options, PrintStream out) {
    this.run = run;
    this.options = options;
    this.out = out;
    this.table = new PerfTable(out, options);
  }

  /** Runs to the end. */
  void measure() throws RdmaException, ToolException {
    int mtu = run.local().device().query().activeMtuBytes();
    if (options.mtuBytes > mtu) {
      throw new ToolException(
          "path MTU %d is larger than the port's (%d); give a smaller one with -m"
              .formatted(options.mtuBytes, mtu));
    }
    PerfLine line = line();
    PerfTerms terms = PerfTerms.agree(line, options.mtuBytes == 0 ? mtu : options.mtuBytes);
    List<Integer> sizes = options.sizes(terms.mtuBytes());
    PerfEnd end = new PerfEnd(run, options, terms, sizes.getLast(), new PerfWatch(line));
    List<PerfCheck> checks = end.lanes.stream().map(lane -> new PerfCheck(end, lane)).toList();
    checks.forEach(PerfCheck::remember);
    table.head(end, run.local().device().name());
    meet(line, end);
    table.columns();
    if (options.latency) {
      latency(line, end, checks.getFirst(), sizes);
    } else if (options.bidirectional) {
      both(line, end, checks, sizes);
    } else if (options.isClient()) {
      drive(line, end, checks, sizes);
    } else {
      serve(line, end, checks, sizes);
    }
  }

  private PerfLine line() throws RdmaException, ToolException {
    String host = options.host;
    if (options.rdmaCm) {
      return cmLine(host == null);
    }
    if (host != null) {
      return new TcpPerfLine(SideChannel.connect(run, host, options.port), true);
    }
    ServerSocket server = SideChannel.listen(run, options.port);
    Common.listening(run, "TCP port " + options.port, out);
    return new TcpPerfLine(SideChannel.accept(run, server, options.timeoutS), false);
  }

  private CmPerfLine cmLine(boolean server) throws RdmaException, ToolException {
    Inbox<ConnectRequest> inbox = null;
    if (server) {
      inbox = Inbox.ofConnections(run, ConnectionManager.tcpServiceId(options.port));
      Common.listening(run, "port " + options.port, out);
    }
    return new CmPerfLine(run, options, inbox);
  }

  private void meet(PerfLine line, PerfEnd end) throws RdmaException, ToolException {
    PerfDest mine = end.mine();
    if (line instanceof CmPerfLine cm) {
      line.shake(mine);
      for (PerfLane lane : end.lanes) {
        cm.join(lane.qp, end.params());
      }
      line.shake(mine);
    }
    if (options.latency && !options.sends()) {
      line.shake(mine);
    }
    for (PerfLane lane : end.lanes) {
      PerfDest peer = line.shake(lane.mine);
      if (options.rdmaCm) {
        lane.connected(peer);
      } else {
        lane.connect(peer, end.terms.mtuBytes());
      }
    }
    // The peer takes each for that of the queue pair whose turn it is: SEND's have theirs later.
    if (options.sends()) {
      line.shake(mine);
    }
    for (PerfLane lane : end.lanes) {
      line.shake(lane.mine);
    }
    if (!options.sends()) {
      line.shake(mine);
    }
    table.ends(end.lanes);
  }

  private void drive(PerfLine line, PerfEnd end, List<PerfCheck> checks, List<Integer> sizes)
      throws ToolException {
    for (PerfCheck check : checks) {
      check.before();
    }
    PerfReport report = null;
    for (int size : sizes) {
      if (options.sends()) {
        line.shake(end.mine());
      }
      report = new PerfBandwidth(end, size).drive();
      table.bandwidth(report);
      if (options.sends() && options.isAll()) {
        line.shake(end.mine());
      }
    }
    String data = said(checks, PerfCheck::client);
    if (!options.sends()) {
      line.shake(end.mine());
      swap(line, report);
    }
    close(line, end);
    table.data(data);
  }

  /** Both ends do it at once, and tell each other what came of it. */
  private void both(PerfLine line, PerfEnd end, List<PerfCheck> checks, List<Integer> sizes)
      throws ToolException {
    boolean told = !options.sends() || options.durationS == 0;
    for (int size : sizes) {
      if (options.sends()) {
        end.postReceives();
      }
      line.shake(end.mine());
      PerfBandwidth bandwidth = new PerfBandwidth(end, size);
      PerfReport report = options.sends() ? bandwidth.exchange() : bandwidth.drive();
      if (!options.sends() && options.isAll()) {
        line.shake(end.mine());
      }
      PerfReport peers = told ? report.swap(line) : null;
      table.bandwidth(peers == null ? report : report.plus(peers));
      if (options.sends() && options.isAll()) {
        line.shake(end.mine());
      }
      if (peers != null) {
        checkSame(peers, size);
      }
    }
    close(line, end);
    table.data(said(checks, PerfCheck::both));
  }

  private interface Said {
    String by(PerfCheck check) throws ToolException;
  }

  /** What can be said of the data of all queue pairs; each thing once. */
  private static String said(List<PerfCheck> checks, Said said) throws ToolException {
    Set<String> texts = new LinkedHashSet<>();
    for (PerfCheck check : checks) {
      texts.add(said.by(check));
    }
    return String.join(", ", texts);
  }

  private static PerfReport swap(PerfLine line, @Nullable PerfReport report) throws ToolException {
    PerfReport mine = report == null ? new PerfReport(0, 0, 0, 0, 0) : report;
    return mine.swap(line);
  }

  private void serve(PerfLine line, PerfEnd end, List<PerfCheck> checks, List<Integer> sizes)
      throws ToolException {
    PerfReport report = null;
    if (options.sends()) {
      for (int size : sizes) {
        end.postReceives();
        line.shake(end.mine());
        table.bandwidth(new PerfBandwidth(end, size).take());
        if (options.isAll()) {
          line.shake(end.mine());
        }
      }
    } else {
      line.awaitClient(options.timeoutS);
      line.shake(end.mine());
      report = swap(line, null);
      table.bandwidth(report);
    }
    close(line, end);
    if (report != null) {
      checkSame(report, end.sizeBytes);
    }
    table.data(said(checks, PerfCheck::server));
  }

  /** The one place at which perftest tells what it was asked for. */
  private void checkSame(PerfReport report, int size) throws ToolException {
    if (report.sizeBytes() != size
        || (options.durationS == 0 && report.iterations() != options.operations())) {
      throw new ToolException(
          "the %s did %d operations of %d bytes, the %s was told %s of %d; give both ends"
                  .formatted(
                      options.isClient() ? "server" : "client",
                      report.iterations(),
                      report.sizeBytes(),
                      options.isClient() ? "client" : "server",
                      options.durationS > 0 ? "-D" : String.valueOf(options.operations()),
                      size)
              + " the same -s, -n, -q and -D");
    }
  }

  private void latency(PerfLine line, PerfEnd end, PerfCheck check, List<Integer> sizes)
      throws ToolException {
    boolean fetches = options.fetches();
    if (fetches && !options.isClient()) {
      line.awaitClient(options.timeoutS);
      close(line, end);
      table.data(check.server());
      return;
    }
    if (fetches) {
      check.before();
    }
    for (int size : sizes) {
      PerfLatency measure = new PerfLatency(run, end);
      if (fetches) {
        measure.fetch(size);
      } else if (options.sends()) {
        end.postReceives();
        line.shake(end.mine());
        measure.pingPong(size);
      } else {
        measure.writeInTurn(size);
      }
      table.latency(size, measure);
    }
    String data = options.isClient() ? check.client() : check.server();
    if (fetches || options.sends()) {
      close(line, end);
    }
    table.data(data);
  }

  private static void close(PerfLine line, PerfEnd end) throws ToolException {
    line.shake(end.mine());
    line.done();
  }
}
