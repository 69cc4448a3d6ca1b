// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;

/** Prints what perftest prints. */
final class PerfTable {
  private static final String RULE = "-".repeat(87);

  /** The longest times are left out of averages, as perftest leaves them. */
  private static final int TAIL = 2;

  private final PrintStream out;
  private final PerfOptions options;

  PerfTable(PrintStream out, PerfOptions options) {
    this.out = out;
    this.options = options;
  }

  void rule() {
    out.println(RULE);
  }

  /** What is to be measured. */
  void head(PerfEnd end, String device) {
    rule();
    out.printf(
        "                    %s %s%s Test%n",
        options.operation.title,
        options.bidirectional ? "Bidirectional " : "",
        options.latency ? "Latency" : "BW");
    out.printf(" Dual-port       : OFF\t\tDevice         : %s%n", device);
    out.printf(" Number of qps   : %d\t\tTransport type : IB%n", options.queuePairs);
    out.printf(" Connection type : %s\t\tUsing SRQ      : OFF%n", options.type);
    if (options.isClient() || options.bidirectional) {
      out.printf(" TX depth        : %d%n", options.txDepth);
    }
    if (options.sends() && (!options.isClient() || options.bidirectional)) {
      out.printf(" RX depth        : %d%n", end.rxDepth);
    }
    if (!options.latency) {
      out.printf(" CQ Moderation   : %d%n", options.cqModeration);
    }
    out.printf(" Mtu             : %d[B]%n", end.terms.mtuBytes());
    out.printf(" Link type       : Ethernet%n");
    out.printf(" GID index       : 0%n");
    if (options.fetches()) {
      out.printf(" Outstand reads  : %d%n", end.mine().outReads());
    } else {
      out.printf(" Max inline data : %d[B]%n", options.inlineBytes);
    }
    out.printf(" rdma_cm QPs     : %s%n", options.rdmaCm ? "ON" : "OFF");
    out.printf(" Data ex. method : %s%n", options.rdmaCm ? "rdma_cm" : "Ethernet");
    rule();
  }

  void ends(List<PerfLane> lanes) {
    lanes.forEach(lane -> out.println(" local address:  " + lane.mine));
    lanes.forEach(lane -> out.println(" remote address: " + lane.peer()));
    rule();
  }

  void columns() {
    if (!options.latency) {
      out.println(
          " #bytes     #iterations    BW peak[MiB/sec]    BW average[MiB/sec]   MsgRate[Mpps]");
    } else if (options.durationS > 0) {
      out.println(" #bytes        #iterations       t_avg[usec]    tps average");
    } else {
      out.println(
          " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]"
              + "    t_stdev[usec]   99% percentile[usec]   99.9% percentile[usec]");
    }
  }

  void bandwidth(PerfReport report) {
    out.printf(
        " %-10d %-14d %-19.2f %-21.2f %.6f%n",
        report.sizeBytes(), report.iterations(), report.peak(), report.average(), report.rate());
  }

  /** Of WRITE and SEND half a round trip, of the others until their completion. */
  void latency(int size, PerfLatency measured) {
    boolean half = options.operation == Operation.WRITE || options.sends();
    double unit = half ? 2e3 : 1e3;
    if (options.durationS > 0) {
      double average = measured.countedNs() / unit / Math.max(1, measured.counted());
      out.printf(" %-13d %-17d %-14.2f %.2f%n", size, measured.counted(), average, 1e6 / average);
      return;
    }
    long[] postedNs = measured.postedNs();
    double[] usec = new double[postedNs.length - 1];
    for (int i = 0; i < usec.length; i++) {
      usec[i] = (postedNs[i + 1] - postedNs[i]) / unit;
    }
    Arrays.sort(usec);
    int taken = usec.length - TAIL;
    double average = Arrays.stream(usec, 0, taken).average().orElse(0);
    double variance =
        Arrays.stream(usec, 0, taken).map(t -> (t - average) * (t - average)).sum() / taken;
    out.printf(
        " %-7d %-14d %-14.2f %-12.2f %-16.2f %-14.2f %-16.2f %-22.2f %.2f%n",
        size,
        postedNs.length,
        usec[0],
        usec[taken],
        usec[taken / 2],
        average,
        Math.sqrt(variance),
        usec[(int) Math.ceil(taken * 0.99)],
        usec[(int) Math.ceil(taken * 0.999)]);
  }

  void data(String text) {
    out.println(" Data            : " + text);
    rule();
  }
}
