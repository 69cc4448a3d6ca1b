// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import ib.verbs.ConnectRequest;
import ib.verbs.ConnectionManager;
import ib.verbs.RdmaException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.util.List;
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
    PerfCheck check = new PerfCheck(end);
    check.remember();
    table.head(end, run.local().device().name());
    meet(line, end);
    table.columns();
    if (options.latency) {
      latency(line, end, check, sizes);
    } else if (options.isClient()) {
      drive(line, end, check, sizes);
    } else {
      serve(line, end, check, sizes);
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
      cm.join(end.qp, end.params());
      line.shake(mine);
    }
    if (options.latency && !options.sends()) {
      line.shake(mine);
    }
    PerfDest peer = line.shake(mine);
    if (options.rdmaCm) {
      end.connected(peer);
    } else {
      end.connect(peer);
    }
    line.shake(mine);
    line.shake(mine);
    table.ends(mine, peer);
  }

  private void drive(PerfLine line, PerfEnd end, PerfCheck check, List<Integer> sizes)
      throws ToolException {
    PerfBandwidth bandwidth = new PerfBandwidth(end);
    check.before();
    PerfReport report = null;
    for (int size : sizes) {
      if (options.sends()) {
        line.shake(end.mine());
      }
      report = bandwidth.drive(size);
      table.bandwidth(report);
      if (options.sends() && options.isAll()) {
        line.shake(end.mine());
      }
    }
    String data = check.client();
    if (!options.sends()) {
      line.shake(end.mine());
      swap(line, report);
    }
    close(line, end);
    table.data(data);
  }

  private static PerfReport swap(PerfLine line, @Nullable PerfReport report) throws ToolException {
    PerfReport mine = report == null ? new PerfReport(0, 0, 0, 0, 0) : report;
    return mine.swap(line);
  }

  private void serve(PerfLine line, PerfEnd end, PerfCheck check, List<Integer> sizes)
      throws ToolException {
    PerfReport report = null;
    if (options.sends()) {
      PerfBandwidth bandwidth = new PerfBandwidth(end);
      for (int size : sizes) {
        end.postReceives();
        line.shake(end.mine());
        table.bandwidth(bandwidth.take(size));
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
    table.data(check.server(options.iterations));
  }

  /** The one place at which perftest tells what it was asked for. */
  private void checkSame(PerfReport report, int size) throws ToolException {
    if (report.sizeBytes() != size
        || (options.durationS == 0 && report.iterations() != options.iterations)) {
      throw new ToolException(
          "the client did %d operations of %d bytes, the server was told %s of %d; give both ends"
                  .formatted(
                      report.iterations(),
                      report.sizeBytes(),
                      options.durationS > 0 ? "-D" : String.valueOf(options.iterations),
                      size)
              + " the same -s, -n and -D");
    }
  }

  private void latency(PerfLine line, PerfEnd end, PerfCheck check, List<Integer> sizes)
      throws ToolException {
    boolean fetches = options.operation == Operation.READ || options.operation == Operation.ATOMIC;
    if (fetches && !options.isClient()) {
      line.awaitClient(options.timeoutS);
      close(line, end);
      table.data(check.server(options.iterations));
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
    String data = options.isClient() ? check.client() : check.server(options.iterations);
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
