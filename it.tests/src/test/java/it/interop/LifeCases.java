// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.time.Duration;
import java.util.List;

/** Refusals, and ends that nobody wished for. */
final class LifeCases {
  private static final String MANY = "1000000";
  private static final int TRIES = 4;
  private static final Duration GONE = Duration.ofSeconds(90);

  private LifeCases() {}

  static List<Case> all() {
    return List.of(
        Case.of("client", "REJ: nobody listens", "-", 4096, LifeCases::refusedByKernel)
            .alsoInTheBuild(),
        Case.of("server", "REJ: nobody listens", "-", 4096, LifeCases::refusedByUs)
            .alsoInTheBuild(),
        Case.of(
                "target",
                "SRP: REJ of a login to another target id",
                "-",
                4096,
                LifeCases::loginRefused)
            .with(Case.Host.TARGET),
        Case.of(
                "target",
                "SRP: guest is frozen for 3 s in mid-transfer",
                "4k",
                1024,
                LifeCases::frozen)
            .with(Case.Host.TARGET),
        Case.of(
            "server", "rping: the guest's client is killed", "1024", 1024, LifeCases::clientKilled),
        Case.of(
            "client", "rping: the guest's server is killed", "1024", 1024, LifeCases::serverKilled),
        Case.of(
            "client", "rping: the guest dies in mid-transfer", "1024", 1024, LifeCases::guestDies),
        Case.of(
                "target",
                "SRP: the guest dies in mid-transfer",
                "4k",
                1024,
                LifeCases::initiatorDies)
            .with(Case.Host.TARGET));
  }

  private static String failure(HostProcess.Running running) throws InteropException {
    try {
      String text = running.await(GONE);
      throw new InteropException("that should have failed: " + text);
    } catch (InteropException e) {
      String text = String.valueOf(e.getMessage());
      int at = text.indexOf("gogo: ");
      if (at < 0) {
        throw e;
      }
      return text.substring(at).lines().findFirst().orElse("");
    }
  }

  private static String refusedByKernel(Bench bench) throws InteropException {
    bench.guest();
    String said =
        failure(bench.host().begin("rdma:rping -c -a " + bench.guestAddress() + " -p 9999 -C 1"));
    if (!said.contains("reject") && !said.contains("refuse")) {
      throw new InteropException("not refused: " + said);
    }
    return said;
  }

  private static String refusedByUs(Bench bench) throws InteropException {
    Programs.Result result =
        bench.guest().tryRun("rping -c -a " + bench.ourAddress() + " -p 9999 -C 1", Bench.SHORT);
    if (result.code() == 0 || !result.output().contains("REJECT")) {
      throw new InteropException("not refused: " + result);
    }
    return result.output().lines().findFirst().orElse("");
  }

  private static String loginRefused(Bench bench) throws InteropException {
    Programs.Result result =
        bench
            .guest()
            .tryRun(
                "srp-login " + bench.ourAddress() + " " + Bench.SRP_PORT + " 0002c90300000bad",
                Bench.SHORT);
    String log = bench.guest().run("dmesg | tail -n 4", Bench.SHORT);
    if (result.code() == 0 || !log.contains("REJ")) {
      throw new InteropException("not refused: " + result + log);
    }
    return log.lines().filter(line -> line.contains("REJ")).findFirst().orElse("");
  }

  static void fioInBackground(Guest guest, String disk, String bytes) throws InteropException {
    guest.run(
        "rm -f /tmp/done; (fio-verify "
            + disk
            + " 4k 8 "
            + bytes
            + " >/tmp/verify 2>&1; echo $? >/tmp/done) >/dev/null 2>&1 & sleep 1",
        Bench.SHORT);
  }

  private static String frozen(Bench bench) throws InteropException {
    Guest guest = bench.guest();
    String disk = SrpCases.login(bench);
    fioInBackground(guest, disk, "4M");
    guest.freeze();
    sleep(3_000);
    guest.thaw();
    return fioEnd(guest);
  }

  /** Waits for {@link #fioInBackground}, and logs out. */
  static String fioEnd(Guest guest) throws InteropException {
    String end =
        guest.run(
            "i=0; while [ ! -e /tmp/done ] && [ $i -lt 400 ]; do sleep 0.1; i=$((i+1)); done;"
                + " cat /tmp/verify /tmp/done; srp-logout",
            Bench.LONG);
    if (!end.contains("err= 0")) {
      throw new InteropException(end);
    }
    return "verified";
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String clientKilled(Bench bench) throws InteropException {
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -s -a " + bench.ourAddress() + " -S 1024 -V");
    ours.awaitPrinted("listening on", Bench.SHORT);
    bench
        .guest()
        .run(
            "(rping -c -a "
                + bench.ourAddress()
                + " -S 1024 -C "
                + MANY
                + " >/dev/null 2>&1) & sleep 2;"
                + " pkill -9 rping",
            Bench.SHORT);
    return "ended: " + ended(ours);
  }

  private static String serverKilled(Bench bench) throws InteropException {
    bench
        .guest()
        .run("(rping -s -a " + bench.guestAddress() + " -S 1024 >/dev/null 2>&1) &", Bench.SHORT);
    bench.guest().awaitListener("rping");
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -c -a " + bench.guestAddress() + " -S 1024 -C " + MANY);
    bench.guest().run("sleep 2; pkill -9 rping", Bench.SHORT);
    return failure(ours);
  }

  /** A server whose client goes away may count that as an end or as a failure. */
  private static String ended(HostProcess.Running running) throws InteropException {
    try {
      return running.await(GONE).strip();
    } catch (InteropException e) {
      if (String.valueOf(e.getMessage()).contains("gogo: ")) {
        return "with an error";
      }
      throw e;
    }
  }

  private static String guestDies(Bench bench) throws InteropException {
    bench
        .guest()
        .run("(rping -s -a " + bench.guestAddress() + " -S 1024 >/dev/null 2>&1) &", Bench.SHORT);
    bench.guest().awaitListener("rping");
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -c -a " + bench.guestAddress() + " -S 1024 -C " + MANY);
    bench.guest().run("sleep 1", Bench.SHORT);
    bench.guest().kill();
    String said = failure(ours);
    answersAgain(bench);
    return said;
  }

  private static String initiatorDies(Bench bench) throws InteropException {
    String disk = SrpCases.login(bench);
    fioInBackground(bench.guest(), disk, "32M");
    bench.guest().kill();
    // The next one comes under the same name: its login must not wait for the dead one.
    String again = loginOfTheSameAgain(bench);
    String verified = bench.guest().run("fio-verify " + again + " 4k 4 256k", Bench.LONG);
    bench.guest().run("srp-logout", Bench.LONG);
    if (!verified.contains("err= 0")) {
      throw new InteropException(verified);
    }
    return "a new guest logs in and verifies";
  }

  private static String loginOfTheSameAgain(Bench bench) throws InteropException {
    for (int i = 1; i < TRIES; i++) {
      try {
        return SrpCases.login(bench);
      } catch (InteropException e) {
        System.err.println("interop: the new guest's login " + i + ": " + e.getMessage());
      }
    }
    return SrpCases.login(bench);
  }

  /**
   * A guest restored from the same snapshot uses the numbers of the dead one again: its first
   * requests are refused as stale (reason 10), which ends what they were mistaken for.
   */
  private static void answersAgain(Bench bench) throws InteropException {
    // Over TAP the host's link went with the guest, and its device with the link.
    bench.guest();
    HostProcess.Running server =
        bench.host().begin("rdma:rping -s -a " + bench.ourAddress() + " -S 64");
    server.awaitPrinted("listening on", Bench.SHORT);
    Programs.Result last = new Programs.Result(-1, "");
    for (int i = 0; i < TRIES && last.code() != 0; i++) {
      last =
          bench.guest().tryRun("rping -c -a " + bench.ourAddress() + " -S 64 -C 3 -V", Bench.LONG);
    }
    if (last.code() != 0) {
      throw new InteropException("no connection after the guest died: " + last);
    }
    server.await(Bench.SHORT);
  }
}
