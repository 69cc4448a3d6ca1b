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

  private SrpCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(target("4k", 8, "2M", 4096).alsoInTheBuild());
    cases.add(target("256k", 4, "8M", 4096));
    cases.add(target("4k", 8, "2M", 1024));
    cases.add(target("64k", 8, "4M", 256));
    cases.add(initiator(500, 4096).alsoInTheBuild());
    cases.add(initiator(500, 1024));
    cases.add(target("4k", 4, "128k", 1024).under("loss=1%,seed=2"));
    cases.add(target("4k", 4, "64k", 1024).under("loss=5%,seed=2"));
    cases.add(target("4k", 4, "256k", 1024).under("duplicate=10%,seed=2"));
    cases.add(target("4k", 4, "256k", 1024).under("reorder=10%,seed=2"));
    cases.add(initiator(40, 1024).under("loss=1%,seed=2"));
    cases.add(initiator(40, 1024).under("reorder=10%,seed=2"));
    return cases;
  }

  private static Case target(String block, int depth, String bytes, int mtu) {
    return Case.of(
            "target",
            "SRP: ib_srp writes and verifies " + bytes,
            block,
            mtu,
            bench -> {
              Guest guest = bench.guest();
              String login =
                  guest.run(
                      "srp-login " + Wire.ADDRESS + " " + Bench.SRP_PORT + " " + Bench.TARGET_ID,
                      Bench.LONG);
              String disk = login.substring(login.indexOf("/dev/")).strip();
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

  private static Case initiator(int requests, int mtu) {
    return Case.of(
            "initiator",
            "SRP: our disk on ib_srpt, " + requests + " requests",
            "up to 64k",
            mtu,
            bench -> {
              HostProcess host = bench.host();
              host.awaitLogged("disk0: logged in to", Bench.LONG);
              host.shell("felix:start " + bench.loadBundle().toUri(), Bench.SHORT);
              long done = 0;
              for (int i = 0; i < POLLS && done < requests; i++) {
                done = completed(host.shell("it:apply 0", Bench.SHORT));
                bench.guest().run("sleep 0.3", Bench.SHORT);
              }
              String end = host.shell("it:apply 20000", Bench.LONG);
              // The next case has a host of its own.
              bench.dropHost();
              boolean well =
                  Stream.of("failed", "twice", "corrupt").allMatch(what -> number(end, what) == 0);
              if (done < requests || !well || !ended(end)) {
                throw new InteropException(end);
              }
              return number(end, "completed") + " requests, every block compared";
            })
        .with(Case.Host.INITIATOR);
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
