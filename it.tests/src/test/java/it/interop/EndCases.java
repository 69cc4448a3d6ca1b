// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.List;

/** Connections that either side ends, or that stand still, while they are in use. */
final class EndCases {
  private static final String PINGS = "400";

  /** Linux tries again after 2.1 s. */
  private static final long THEIR_MS = 3_000;

  /** We try again seven times, 67 ms apart. */
  private static final long OUR_MS = 250;

  private static final String AWAIT_PING =
      "i=0; while ! grep -q ping /tmp/tool && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done;";

  private EndCases() {}

  static List<Case> all() {
    return List.of(
        Case.of("server", "rping: we stop, DREQ from us", "64", 1024, EndCases::weStop),
        Case.of("client", "rping: we stop, DREQ from us", "64", 1024, EndCases::ourClientStops),
        Case.of(
            "server", "rping: guest is frozen for 3 s", "1024", 1024, EndCases::theirClientFrozen),
        Case.of(
            "client",
            "rping: guest is frozen for 0.25 s",
            "1024",
            1024,
            EndCases::theirServerFrozen),
        Case.of("target", "SRP: ib_srp logs out and in again", "4k", 1024, EndCases::logout)
            .with(Case.Host.TARGET),
        Case.of(
                "target",
                "SRP: our target goes and comes back, ib_srp logs in again",
                "4k",
                1024,
                EndCases::targetGoes)
            .with(Case.Host.TARGET),
        Case.of(
                "initiator",
                "SRP: ib_srpt ends the session, our disk logs in again",
                "up to 64k",
                1024,
                EndCases::sessionEnds)
            .with(Case.Host.INITIATOR));
  }

  /** Our server stops: the guest's client hears of it at once. */
  private static String weStop(Bench bench) throws InteropException {
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -s -a " + bench.ourAddress() + " -S 64");
    ours.awaitPrinted("listening on", Bench.SHORT);
    ToolCases.background(
        bench.guest(), "rping -c -v -a " + bench.ourAddress() + " -S 64 -C 1000000");
    bench.guest().run(AWAIT_PING, Bench.SHORT);
    return told(bench);
  }

  /** Our client stops: the guest's server hears of it at once. */
  private static String ourClientStops(Bench bench) throws InteropException {
    ToolCases.background(bench.guest(), "rping -s -v -a " + bench.guestAddress() + " -S 64");
    bench.guest().awaitListener("rping");
    bench.host().begin("rdma:rping -c -a " + bench.guestAddress() + " -S 64 -C 1000000");
    bench.guest().run(AWAIT_PING, Bench.SHORT);
    return told(bench);
  }

  /** Ends the host, whose shell is busy, as a system does; the guest must hear of it. */
  private static String told(Bench bench) throws InteropException {
    bench.host().terminate();
    bench.dropHost();
    String end = theirEnd(bench.guest());
    // Its state DISCONNECTED is 10, and follows from the event only.
    if (!end.contains("DISCONNECT EVENT") && !end.contains("state 10")) {
      throw new InteropException("the guest's rping was not told: " + end);
    }
    return "the guest's rping was told";
  }

  /** How the guest's program ended, well or not. */
  private static String theirEnd(Guest guest) throws InteropException {
    return guest.run(
        "i=0; while [ ! -e /tmp/done ] && [ $i -lt 400 ]; do sleep 0.1; i=$((i+1)); done;"
            + " grep -v '^ping data' /tmp/tool; [ -e /tmp/done ]",
        Bench.LONG);
  }

  private static void freeze(Guest guest, long forMs) throws InteropException {
    guest.run(AWAIT_PING, Bench.SHORT);
    guest.freeze();
    try {
      Thread.sleep(forMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    guest.thaw();
  }

  private static String theirClientFrozen(Bench bench) throws InteropException {
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -s -a " + bench.ourAddress() + " -S 1024 -V");
    ours.awaitPrinted("listening on", Bench.SHORT);
    ToolCases.background(
        bench.guest(), "rping -c -v -V -a " + bench.ourAddress() + " -S 1024 -C " + PINGS);
    freeze(bench.guest(), THEIR_MS);
    theirEnd(bench.guest());
    ToolCases.ended(bench.guest());
    String served = ours.await(Bench.LONG);
    if (!served.contains(PINGS + " pings served")) {
      throw new InteropException("ours: " + served);
    }
    return PINGS + " pings";
  }

  private static String theirServerFrozen(Bench bench) throws InteropException {
    ToolCases.background(bench.guest(), "rping -s -v -V -a " + bench.guestAddress() + " -S 1024");
    bench.guest().awaitListener("rping");
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -c -V -a " + bench.guestAddress() + " -S 1024 -C " + PINGS);
    freeze(bench.guest(), OUR_MS);
    String said = ours.await(Bench.LONG);
    if (!said.contains(PINGS + " pings of")) {
      throw new InteropException("ours: " + said);
    }
    return PINGS + " pings";
  }

  private static String logout(Bench bench) throws InteropException {
    String verified = "";
    for (int i = 0; i < 2; i++) {
      String disk = SrpCases.login(bench);
      verified = bench.guest().run("fio-verify " + disk + " 4k 4 256k", Bench.LONG);
      bench.guest().run("srp-logout", Bench.LONG);
      bench.host().awaitLoggedTimes(" ended: ", i + 1, Bench.SHORT);
    }
    return verified.contains("err= 0") ? "verified twice" : "";
  }

  private static String targetGoes(Bench bench) throws InteropException {
    Guest guest = bench.guest();
    String disk = SrpCases.login(bench);
    // Tries again each second instead of ten, and fails nothing meanwhile.
    guest.run(
        "for p in /sys/class/srp_remote_ports/*; do echo 1 >$p/reconnect_delay; done", Bench.SHORT);
    guest.run("fio-verify " + disk + " 4k 4 256k", Bench.LONG);
    bench.withdrawTarget();
    guest.run(
        "i=0; while ! grep -q -v running /sys/class/srp_remote_ports/*/state && [ $i -lt 200 ];"
            + " do sleep 0.1; i=$((i+1)); done; grep -v running /sys/class/srp_remote_ports/*/state",
        Bench.LONG);
    bench.offerTarget();
    guest.run(
        "i=0; while ! grep -q running /sys/class/srp_remote_ports/*/state && [ $i -lt 300 ];"
            + " do sleep 0.1; i=$((i+1)); done; grep running /sys/class/srp_remote_ports/*/state",
        Bench.LONG);
    String verified = guest.run("fio-verify " + disk + " 4k 4 256k", Bench.LONG);
    guest.run("srp-logout", Bench.LONG);
    if (!verified.contains("err= 0")) {
      throw new InteropException(verified);
    }
    return "verified before and after";
  }

  private static String sessionEnds(Bench bench) throws InteropException {
    SrpCases.begin(bench);
    long before = SrpCases.progress(bench, 50);
    String enable =
        "for e in /sys/kernel/config/target/srpt/*/*/enable; do [ -e $e ] && echo %d >$e; done";
    bench.guest().run(enable.formatted(0), Bench.LONG);
    bench.guest().run("sleep 1; " + enable.formatted(1), Bench.LONG);
    bench.host().awaitLoggedTimes("disk0: logged in to", 2, Bench.LONG);
    SrpCases.progress(bench, before + 100);
    return SrpCases.end(bench, before + 100);
  }
}
