// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.util.ArrayList;
import java.util.List;

/** librdmacm's rping and ours, in both roles. */
final class RpingCases {
  private static final int PINGS = 20;

  /** With faults, few: a lost last packet costs the kernel two seconds. */
  private static final int PINGS_WITH_FAULTS = 6;

  private static final int TRIES = 3;

  private RpingCases() {}

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(client(64, 4096, PINGS).alsoInTheBuild());
    cases.add(server(64, 4096, PINGS).alsoInTheBuild());
    for (int mtu : new int[] {256, 512, 1024, 2048, 4096}) {
      for (int size : new int[] {mtu - 1, mtu, mtu + 1, 65_535}) {
        cases.add(client(size, mtu, PINGS));
        cases.add(server(size, mtu, PINGS));
      }
    }
    for (int mtu : new int[] {1024, 4096}) {
      cases.add(client(8192, mtu, PINGS).overIpv6());
      cases.add(server(8192, mtu, PINGS).overIpv6());
    }
    cases.add(client(8192, 1024, PINGS_WITH_FAULTS).overIpv6().under("loss=5%,seed=1"));
    cases.add(server(8192, 1024, PINGS_WITH_FAULTS).overIpv6().under("loss=5%,seed=1"));
    for (String faults :
        List.of(
            "loss=1%,seed=1",
            "loss=5%,seed=1",
            "loss=10%,seed=1",
            "duplicate=20%,seed=1",
            "reorder=20%,seed=1",
            "corrupt=5%,seed=1")) {
      cases.add(client(8192, 1024, PINGS_WITH_FAULTS).under(faults));
      cases.add(server(8192, 1024, PINGS_WITH_FAULTS).under(faults));
    }
    return cases;
  }

  /** We are the client. */
  private static Case client(int size, int mtu, int count) {
    return Case.of(
        "client",
        "rping",
        String.valueOf(size),
        mtu,
        bench -> {
          bench
              .guest()
              .run(
                  "rm -f /tmp/rping; (timeout 60 rping -s -a "
                      + bench.guestAddress()
                      + " -S "
                      + size
                      + " -C "
                      + count
                      + " -V >/tmp/rping 2>&1; echo \"ended $?\" >>/tmp/rping) >/dev/null 2>&1 &",
                  Bench.SHORT);
          bench.guest().awaitListener("rping");
          String ours =
              bench
                  .host()
                  .shell(
                      "rdma:rping -c -V -a "
                          + bench.guestAddress()
                          + " -S "
                          + size
                          + " -C "
                          + count,
                      Bench.LONG);
          if (!ours.contains(count + " pings of")) {
            throw new InteropException("ours: " + ours);
          }
          String theirs =
              bench
                  .guest()
                  .run(
                      "i=0; while ! grep -q ended /tmp/rping && [ $i -lt 150 ]; do sleep 0.1;"
                          + " i=$((i+1)); done; cat /tmp/rping",
                      Bench.SHORT);
          if (!theirs.contains("ended ")) {
            throw new InteropException("the guest's rping does not end: " + theirs);
          }
          return count + " pings";
        });
  }

  /** The guest is the client. */
  private static Case server(int size, int mtu, int count) {
    return Case.of(
        "server",
        "rping",
        String.valueOf(size),
        mtu,
        bench -> {
          int tries = 1;
          while (!serve(bench, size, count, tries == TRIES)) {
            tries++;
            bench.renewHost();
          }
          return count + (tries == 1 ? " pings" : " pings, when tried again: a DREQ was lost");
        });
  }

  /**
   * Once. A kernel repeats no DREQ for a process that has ended, as rping has when it has said so:
   * where packets get lost, our end may hear nothing of the end, as librdmacm's would not.
   */
  private static boolean serve(Bench bench, int size, int count, boolean last)
      throws InteropException {
    HostProcess.Running ours =
        bench.host().begin("rdma:rping -s -a " + bench.ourAddress() + " -S " + size + " -V");
    ours.awaitPrinted("listening on", Bench.SHORT);
    bench
        .guest()
        .run(
            "rping -c -a " + bench.ourAddress() + " -S " + size + " -C " + count + " -V",
            Bench.LONG);
    String served;
    try {
      served = ours.await(Bench.SHORT);
    } catch (InteropException e) {
      if (last || !bench.losesPackets()) {
        throw e;
      }
      return false;
    }
    if (!served.contains(count + " pings served")) {
      throw new InteropException("ours: " + served);
    }
    return true;
  }
}
