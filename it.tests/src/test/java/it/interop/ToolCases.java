// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.ArrayList;
import java.util.List;

/** The small programs of libibverbs and librdmacm, and ours of the same names, in both roles. */
final class ToolCases {
  private static final int ITERATIONS = 100;
  private static final int SIDE_PORT = 18_515;

  private ToolCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String kind : List.of("rc", "uc", "ud", "srq")) {
      Case client = client(kind, kind.equals("ud") ? 2048 : 4096, 4096);
      Case server = server(kind, kind.equals("ud") ? 2048 : 4096, 4096);
      boolean quick = host(kind) == Case.Host.PLAIN;
      cases.add(quick ? client.alsoInTheBuild() : client);
      cases.add(quick ? server.alsoInTheBuild() : server);
    }
    for (int mtu : new int[] {256, 512, 1024, 2048}) {
      for (String kind : List.of("rc", "uc")) {
        for (int size : new int[] {1, mtu - 1, mtu, mtu + 1}) {
          cases.add(client(kind, size, mtu));
          cases.add(server(kind, size, mtu));
        }
      }
    }
    cases.add(client("rc", 1 << 20, 4096));
    cases.add(server("rc", 1 << 20, 4096));
    for (String kind : List.of("rc", "ud")) {
      cases.add(client(kind, 1024, 1024).overIpv6());
      cases.add(server(kind, 1024, 1024).overIpv6());
    }
    for (String faults : List.of("loss=1%,seed=3", "duplicate=20%,seed=3", "reorder=20%,seed=3")) {
      cases.add(client("rc", 4096, 1024).under(faults));
      cases.add(server("rc", 4096, 1024).under(faults));
    }
    for (String program : List.of("ucmatose", "udaddy")) {
      cases.add(cmClient(program).alsoInTheBuild());
      cases.add(cmServer(program).alsoInTheBuild());
      cases.add(cmClient(program).overIpv6());
      cases.add(cmServer(program).overIpv6());
    }
    return cases;
  }

  private static int iterations(int size) {
    return size > 65_536 ? 5 : ITERATIONS;
  }

  /** What both programs are told; the kernel has no address without its GID's index. */
  private static String common(String kind, int size, int mtu) {
    return " -s " + size + " -n " + iterations(size) + (kind.equals("ud") ? "" : " -m " + mtu);
  }

  private static String kernels(Bench bench, String kind, int size, int mtu) {
    return "ibv_"
        + kind
        + "_pingpong -d rxe0 -g "
        + bench.guestGidIndex()
        + common(kind, size, mtu);
  }

  private static String ours(String kind, int size, int mtu) {
    return "rdma:pingpong --" + kind + common(kind, size, mtu);
  }

  /** One driver for the kinds of queue pairs, another for the rest: both meet the kernel. */
  private static Case.Host host(String kind) {
    return kind.equals("uc") || kind.equals("srq") ? Case.Host.EHCA : Case.Host.PLAIN;
  }

  private static Case client(String kind, int size, int mtu) {
    return Case.of(
            "client",
            "ibv_" + kind + "_pingpong",
            String.valueOf(size),
            mtu,
            bench -> {
              background(bench.guest(), kernels(bench, kind, size, mtu));
              awaitSidePort(bench.guest());
              Wire wire = bench.wire();
              String said =
                  bench
                      .host()
                      .shell(
                          ours(kind, size, mtu)
                              + " -p "
                              + wire.guestPort()
                              + " "
                              + wire.guestHost(),
                          Bench.LONG);
              return said(said, ended(bench.guest()));
            })
        .with(host(kind));
  }

  private static Case server(String kind, int size, int mtu) {
    return Case.of(
            "server",
            "ibv_" + kind + "_pingpong",
            String.valueOf(size),
            mtu,
            bench -> {
              int port = bench.wire().ourPort();
              HostProcess.Running running =
                  bench.host().begin(ours(kind, size, mtu) + " -p " + port);
              // Its first line tells its address; its TCP port is open then.
              running.awaitPrinted("local address", Bench.SHORT);
              String theirs =
                  bench
                      .guest()
                      .run(
                          "sleep 0.3; "
                              + kernels(bench, kind, size, mtu)
                              + " -p "
                              + port
                              + " "
                              + bench.wire().ourHost(),
                          Bench.LONG);
              return said(running.await(Bench.SHORT), theirs);
            })
        .with(host(kind));
  }

  private static String said(String ours, String theirs) throws InteropException {
    if (!ours.contains("bytes in") || !theirs.contains("bytes in")) {
      throw new InteropException("ours: " + ours + " the guest's: " + theirs);
    }
    return HostProcess.line(ours, "iters in");
  }

  /** Waits until a program in the guest listens on the port of the side channel. */
  static void awaitSidePort(Guest guest) throws InteropException {
    guest.run(
        "i=0; while ! grep -q ':%04X .* 0A ' /proc/net/tcp /proc/net/tcp6 && [ $i -lt 200 ];"
                .formatted(SIDE_PORT)
            + " do sleep 0.1; i=$((i+1)); done",
        Bench.LONG);
  }

  /** Starts a program in the guest, one at a time. */
  static void background(Guest guest, String command) throws InteropException {
    guest.run(
        "pkill -P $(cat /tmp/tool.pid 2>/dev/null) 2>/dev/null; rm -f /tmp/tool /tmp/done;"
            + " (timeout 170 "
            + command
            + " >/tmp/tool 2>&1; echo $? >/tmp/done) >/dev/null 2>&1 & echo $! >/tmp/tool.pid",
        Bench.SHORT);
  }

  /** Waits for its end, which must be a good one; what it printed. */
  static String ended(Guest guest) throws InteropException {
    return guest.run(
        "i=0; while [ ! -e /tmp/done ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done;"
            + " cat /tmp/tool; [ \"$(cat /tmp/done)\" = 0 ]",
        Bench.SHORT);
  }

  private static Case cmClient(String program) {
    return Case.of(
        "client",
        program,
        "100",
        1024,
        bench -> {
          background(bench.guest(), program + " -b " + bench.guestAddress());
          bench.guest().awaitListener(program);
          bench.host().shell("rdma:" + program + " -s " + bench.guestAddress(), Bench.LONG);
          return lastLine(ended(bench.guest()));
        });
  }

  private static Case cmServer(String program) {
    return Case.of(
        "server",
        program,
        "100",
        1024,
        bench -> {
          HostProcess.Running running =
              bench.host().begin("rdma:" + program + " -b " + bench.ourAddress());
          bench.guest().run("sleep 1", Bench.SHORT);
          String theirs = bench.guest().run(program + " -s " + bench.ourAddress(), Bench.LONG);
          running.await(Bench.SHORT);
          return lastLine(theirs);
        });
  }

  private static String lastLine(String text) {
    return text.lines().reduce("", (a, b) -> b);
  }

  /** The port of the programs' side channel. */
  static int sidePort() {
    return SIDE_PORT;
  }
}
