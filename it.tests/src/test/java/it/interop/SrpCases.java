// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** SRP: our initiator on ib_srpt, and ib_srp on our target, every block checked. */
final class SrpCases {
  private static final int POLLS = 100;

  /**
   * Whether ib_srp registers memory for each command. When rxe of Linux 6.1 sends a command again,
   * it also does the registrations behind it again, fails, and goes silent; so where packets are
   * lost or overtake there is one command at a time, or no registration.
   */
  private enum Registers {
    ALWAYS("Y", ""),
    IF_NEEDED("N", " with register_always=N");

    private final String parameter;
    private final String said;

    Registers(String parameter, String said) {
      this.parameter = parameter;
      this.said = said;
    }
  }

  private SrpCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(target("4k", 8, "2M", 4096).alsoInTheBuild());
    cases.add(target("256k", 4, "8M", 4096));
    cases.add(target("4k", 8, "2M", 1024));
    cases.add(target("64k", 8, "4M", 256));
    cases.add(target("4k", 8, "2M", 1024).overIpv6());
    cases.add(initiator(500, 4096).alsoInTheBuild());
    cases.add(initiator(500, 1024));
    cases.add(initiator(500, 1024).overIpv6());
    for (String faults : List.of("loss=1%,seed=2", "loss=5%,seed=2", "reorder=10%,seed=2")) {
      cases.add(target("4k", 1, "64k", 1024).under(faults));
      cases.add(target("4k", 4, "64k", 1024, Registers.IF_NEEDED).under(faults));
      cases.add(initiator(40, 1024).under(faults));
    }
    cases.add(target("4k", 4, "256k", 1024).under("duplicate=10%,seed=2"));
    cases.add(initiator(40, 1024).under("duplicate=10%,seed=2"));
    return cases;
  }

  private static Case target(String block, int depth, String bytes, int mtu) {
    return target(block, depth, bytes, mtu, Registers.ALWAYS);
  }

  private static Case target(String block, int depth, String bytes, int mtu, Registers registers) {
    return Case.of(
            "target",
            "SRP: ib_srp writes and verifies " + bytes + ", depth " + depth + registers.said,
            block,
            mtu,
            bench -> {
              Guest guest = bench.guest();
              guest.run("srp-register " + registers.parameter, Bench.SHORT);
              String disk = login(bench);
              String verified =
                  guest.run(
                      "fio-verify " + disk + " " + block + " " + depth + " " + bytes, Bench.LONG);
              guest.run("srp-logout", Bench.LONG);
              if (!verified.contains("err= 0")) {
                throw new InteropException(verified);
              }
              return "verified";
            })
        .with(Case.Host.TARGET);
  }

  /** Logs ib_srp in to our target; the disk's device. */
  static String login(Bench bench) throws InteropException {
    String address = bench.ourAddress();
    String answer =
        bench
            .guest()
            .run(
                "srp-login "
                    + (address.contains(":") ? "[" + address + "]" : address)
                    + " "
                    + Bench.SRP_PORT
                    + " "
                    + Bench.TARGET_ID,
                Bench.LONG);
    return answer.substring(answer.indexOf("/dev/")).strip();
  }

  private static Case initiator(int requests, int mtu) {
    return Case.of(
            "initiator",
            "SRP: our disk on ib_srpt, " + requests + " requests",
            "up to 64k",
            mtu,
            bench -> {
              begin(bench);
              progress(bench, requests);
              return end(bench, requests);
            })
        .with(Case.Host.INITIATOR);
  }

  /** Puts the load on our disk, which appears when its size has been read. */
  static void begin(Bench bench) throws InteropException {
    HostProcess host = bench.host();
    host.awaitLogged("disk0: logged in to", Bench.LONG);
    host.shell("felix:start " + bench.loadBundle().toUri(), Bench.SHORT);
    for (int i = 1; i < POLLS; i++) {
      try {
        host.shell("it:apply 0", Bench.SHORT);
        return;
      } catch (InteropException e) {
        if (!String.valueOf(e.getMessage()).contains("CommandNotFound")) {
          throw e;
        }
        bench.guest().run("sleep 0.3", Bench.SHORT);
      }
    }
    throw new InteropException("no disk appears: " + host.tail());
  }

  /** Waits until so many requests have been done in all. */
  static long progress(Bench bench, long requests) throws InteropException {
    long done = 0;
    for (int i = 0; i < POLLS && done < requests; i++) {
      done = completed(bench.host().shell("it:apply 0", Bench.SHORT));
      bench.guest().run("sleep 0.3", Bench.SHORT);
    }
    return done;
  }

  /** Ends the load, and the host; what came of it. */
  static String end(Bench bench, long requests) throws InteropException {
    String end = bench.host().shell("it:apply 20000", Bench.LONG);
    // The next case has a host of its own.
    bench.dropHost();
    boolean well = Stream.of("failed", "twice", "corrupt").allMatch(what -> number(end, what) == 0);
    if (completed(end) < requests || !well || !ended(end)) {
      throw new InteropException(end);
    }
    return number(end, "completed") + " requests, every block compared";
  }

  private static long completed(String figures) {
    return number(figures, "completed");
  }

  private static boolean ended(String figures) {
    return Pattern.compile("ended[ =]+true").matcher(figures).find();
  }

  private static long number(String figures, String name) {
    Matcher found = Pattern.compile("\\b" + name + "[ =]+(\\d+)").matcher(figures);
    return found.find() ? Long.parseLong(found.group(1)) : -1;
  }
}
