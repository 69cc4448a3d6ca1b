// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * perftest's programs and our perf, in both roles. perftest prints what it measured; it is compared
 * with what we printed, and our end checks the data where data comes to it.
 */
final class PerftestCases {
  private static final int ITERATIONS = 50;
  private static final int FEW = 20;

  /**
   * What is lost is not sent again, and perftest then waits for ever: no more than the sockets of
   * the link and the guest's network card hold, should nobody read them for a while.
   */
  private static final int UNRELIABLE = 10;

  private static final int LARGE = 65_536;

  private PerftestCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String operation : List.of("write", "read", "send")) {
      for (String measure : List.of("bw", "lat")) {
        for (int size : new int[] {2, 4096, LARGE}) {
          cases.addAll(both(operation, measure, size, 4096, ""));
        }
        for (int mtu : new int[] {256, 1024}) {
          cases.addAll(both(operation, measure, 4096, mtu, ""));
        }
      }
    }
    for (String measure : List.of("bw", "lat")) {
      cases.addAll(both("atomic", measure, 8, 4096, ""));
    }
    for (String operation : List.of("write", "read", "send")) {
      cases.addAll(both(operation, "bw", LARGE, 4096, " -R"));
      cases.addAll(both(operation, "lat", 4096, 4096, " -R"));
    }
    for (String measure : List.of("bw", "lat")) {
      cases.addAll(both("send", measure, 2048, 4096, " -c UD"));
      cases.addAll(both("send", measure, 4096, 1024, " -c UC"));
      cases.addAll(both("write", measure, 4096, 1024, " -c UC"));
    }
    for (String operation : List.of("write", "read", "send")) {
      cases.addAll(both(operation, "bw", 4096, 4096, " -b"));
      cases.addAll(both(operation, "bw", 4096, 4096, " -q 3"));
    }
    cases.addAll(both("send", "bw", 4096, 4096, " -b -q 3"));
    cases.addAll(both("atomic", "bw", 8, 4096, " -b -q 3"));
    cases.addAll(both("send", "bw", 2048, 4096, " -b -c UD"));
    cases.addAll(both("write", "bw", 4096, 4096, " -b -q 3 -R"));
    cases.addAll(both("write", "bw", 4096, 4096, " -D 4"));
    cases.addAll(both("send", "bw", 4096, 4096, " -b -D 4"));
    cases.addAll(both("send", "lat", 4096, 4096, " -D 4"));
    cases.add(killed());
    return cases;
  }

  private static List<Case> both(String operation, String measure, int size, int mtu, String type) {
    Case client = client(operation, measure, size, mtu, type);
    Case server = server(operation, measure, size, mtu, type);
    boolean quick = operation.equals("write") && measure.equals("bw") && size == LARGE;
    return quick
        ? List.of(client.alsoInTheBuild(), server.alsoInTheBuild())
        : List.of(client, server);
  }

  /** What both programs are told. */
  private static String common(String operation, int size, int mtu, String type) {
    // A guest without acceleration is not always there within half a second: longer ACK timeouts.
    return " -u 18"
        + (isTimed(type) ? "" : " -n " + iterations(size, type))
        + type
        + (isUnreliable(type) ? " -t 2" : "")
        + (operation.equals("atomic") ? "" : " -s " + size)
        + (mtu == 4096 ? "" : " -m " + mtu);
  }

  /** Whether a time is given instead of a number. */
  private static boolean isTimed(String type) {
    return type.contains("-D");
  }

  private static boolean isUnreliable(String type) {
    return type.contains(" -c U");
  }

  private static int iterations(int size, String type) {
    if (isUnreliable(type)) {
      return UNRELIABLE;
    }
    return size == LARGE ? FEW : ITERATIONS;
  }

  private static String kernels(String operation, String measure, String common) {
    return "ib_" + operation + "_" + measure + " -d rxe0 -F" + common;
  }

  private static Case client(String operation, String measure, int size, int mtu, String type) {
    String common = common(operation, size, mtu, type);
    return Case.of(
        "client",
        "ib_" + operation + "_" + measure + type,
        String.valueOf(size),
        mtu,
        bench -> {
          ToolCases.background(bench.guest(), kernels(operation, measure, common));
          String command = "rdma:perf " + operation + " " + measure + common;
          String ours = bench.host().shell(command + toGuest(bench, type), Bench.LONG);
          return said(
              line(size, type), ours, ToolCases.ended(bench.guest()), measured(operation, measure));
        });
  }

  /** Where the guest's program can be reached, once it can. */
  private static String toGuest(Bench bench, String type) throws InteropException {
    if (type.contains("-R")) {
      bench.guest().awaitListener("ib_");
      return " " + Guest.ADDRESS;
    }
    ToolCases.awaitSidePort(bench.guest());
    return " -p " + bench.wire().guestPort() + " " + bench.wire().guestHost();
  }

  private static Case server(String operation, String measure, int size, int mtu, String type) {
    String common = common(operation, size, mtu, type);
    return Case.of(
        "server",
        "ib_" + operation + "_" + measure + type,
        String.valueOf(size),
        mtu,
        bench -> {
          boolean cm = type.contains("-R");
          int port = cm ? ToolCases.sidePort() : bench.wire().ourPort();
          HostProcess.Running running =
              bench.host().begin("rdma:perf " + operation + " " + measure + common + " -p " + port);
          running.awaitPrinted("listening on", Bench.SHORT);
          String theirs =
              bench
                  .guest()
                  .run(
                      kernels(operation, measure, common)
                          + " -p "
                          + port
                          + " "
                          + (cm ? Wire.ADDRESS : bench.wire().ourHost()),
                      Bench.LONG);
          String ours = running.await(Bench.SHORT);
          return measured(operation, measure)
              ? said(line(size, type), ours, theirs, true)
              : said(line(size, type), theirs, ours, false);
        });
  }

  /** Whether both ends print a result; the server of what only fetches prints none of latency. */
  private static boolean measured(String operation, String measure) {
    return measure.equals("bw") || operation.equals("write") || operation.equals("send");
  }

  /** A line of results. What was measured is nobody's business here, and may be "inf". */
  private static Pattern line(int size, String type) {
    return Pattern.compile(
        "(?m)^ "
            + size
            + " +("
            + (isTimed(type) ? "[1-9]\\d*" : iterations(size, type) * queuePairs(type))
            + ") +\\S");
  }

  private static int queuePairs(String type) {
    return type.contains("-q 3") ? 3 : 1;
  }

  /** Both have printed the same size and number; what we say of the data. */
  private static String said(Pattern line, String one, String other, boolean both)
      throws InteropException {
    String count = count(line, one);
    String counts = both ? count + " and " + count(line, other) : count;
    Matcher data = Pattern.compile("Data +: (.*)").matcher(one + "\n" + other);
    if (!data.find()) {
      throw new InteropException("nothing is said of the data: " + one + other);
    }
    return counts + " counted, data: " + data.group(1).strip();
  }

  private static String count(Pattern line, String printed) throws InteropException {
    Matcher found = line.matcher(printed);
    if (!found.find()) {
      throw new InteropException("no line like " + line + ": " + printed);
    }
    return found.group(1);
  }

  /** The guest's program is killed in the middle: perf has to notice, and to say so. */
  private static Case killed() {
    return Case.of(
        "client",
        "ib_send_lat, killed",
        "64",
        4096,
        bench -> {
          String common = " -s 64 -D 60";
          ToolCases.background(bench.guest(), kernels("send", "lat", common));
          ToolCases.awaitSidePort(bench.guest());
          HostProcess.Running running =
              bench.host().begin("rdma:perf send lat" + common + toGuest(bench, ""));
          running.awaitPrinted("tps average", Bench.SHORT);
          bench.guest().run("pkill -9 ib_send_lat", Bench.SHORT);
          try {
            return running.await(Bench.SHORT);
          } catch (InteropException e) {
            String said = String.valueOf(e.getMessage());
            if (said.contains("the peer is gone") || said.contains("RETRY_EXC_ERR")) {
              return said.substring(said.indexOf("ToolException")).strip();
            }
            throw e;
          }
        });
  }
}
