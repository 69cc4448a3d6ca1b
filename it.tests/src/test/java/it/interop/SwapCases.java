// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The driver of the host's device is replaced while the kernel at the other end goes on. */
final class SwapCases {
  private static final String MTHCA = "ib.driver.mthca-mthca0";
  private static final String IPATH = "ib.driver.ipath-ipath0";
  private static final Pattern BUNDLE = Pattern.compile("Bundle ID: (\\d+)");
  private static final int REQUESTS = 50;
  private static final int POLLS = 100;

  private SwapCases() {}

  static List<Case> all() {
    return List.of(
        Case.of(
                "initiator",
                "SRP: our driver is replaced under I/O on ib_srpt, four times",
                "up to 64k",
                1024,
                SwapCases::underOurDisk)
            .with(Case.Host.INITIATOR)
            .alsoInTheBuild(),
        Case.of(
                "target",
                "SRP: the driver under our target is replaced while ib_srp writes, four times",
                "4k",
                1024,
                SwapCases::underOurTarget)
            .with(Case.Host.TARGET));
  }

  /** One step each: newer builds of one driver, another driver, and the first again. */
  private static final List<Step> STEPS =
      List.of(
          bench -> deploy(bench, "1.1.0"),
          bench -> deploy(bench, "1.2.0"),
          bench -> change(bench, MTHCA, IPATH),
          bench -> change(bench, IPATH, MTHCA));

  /** Replaces the driver; returns when the new one has the device. */
  private interface Step {
    void take(Bench bench) throws InteropException;
  }

  private static String underOurDisk(Bench bench) throws InteropException {
    SrpCases.begin(bench);
    long done = SrpCases.progress(bench, REQUESTS);
    for (Step step : STEPS) {
      step.take(bench);
      done = SrpCases.progress(bench, done + REQUESTS);
    }
    return SrpCases.end(bench, done) + ", none lost or done twice";
  }

  private static String underOurTarget(Bench bench) throws InteropException {
    Guest guest = bench.guest();
    String disk = SrpCases.login(bench);
    // Tries again each second instead of ten, and fails nothing meanwhile.
    guest.run(
        "for p in /sys/class/srp_remote_ports/*; do echo 1 >$p/reconnect_delay; done", Bench.SHORT);
    LifeCases.fioInBackground(guest, disk, "16M");
    for (Step step : STEPS) {
      awaitWritten(guest, disk);
      step.take(bench);
    }
    String end = LifeCases.fioEnd(guest);
    bench.dropHost();
    return end;
  }

  /** Waits until the kernel has written something more, so that it does when the driver goes. */
  private static void awaitWritten(Guest guest, String disk) throws InteropException {
    String sectors =
        "awk '$3 == \""
            + disk.substring(disk.lastIndexOf('/') + 1)
            + "\" {print $6 + $10}' /proc/diskstats";
    guest.run(
        "b=$("
            + sectors
            + "); i=0; while [ $("
            + sectors
            + ") -lt $((b + 256)) ] && [ ! -e /tmp/done ]"
            + " && [ $i -lt 400 ]; do sleep 0.1; i=$((i+1)); done; [ ! -e /tmp/done ] && [ $i -lt 400 ]",
        Bench.LONG);
  }

  /** A newer build of the driver beside the old one, as an operator drops it into a folder. */
  private static void deploy(Bench bench, String version) throws InteropException {
    Path jar = restamped(bench, version);
    String installed = bench.host().shell("felix:install " + jar.toUri(), Bench.SHORT);
    Matcher id = BUNDLE.matcher(installed);
    if (!id.find()) {
      throw new InteropException("not installed: " + installed);
    }
    bench.host().shell("felix:start " + id.group(1), Bench.SHORT);
    awaitActive(bench, "ib.driver.mthca " + version);
  }

  private static Path restamped(Bench bench, String version) throws InteropException {
    Path jar = bench.folder().resolve("mthca-" + version + ".jar");
    Programs.Result result =
        Programs.run(
            Duration.ofSeconds(60),
            Map.of(),
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dopenhca.home=" + bench.home(),
                "-cp",
                bench.home() + "/bin/*:" + bench.home() + "/bundles/05/*",
                "ib.host.launch.Main",
                "restamp",
                bench.home().resolve("deploy/ib.driver.mthca-1.0.0-SNAPSHOT.jar").toString(),
                version,
                jar.toString()));
    if (result.code() != 0) {
      throw new InteropException("restamp: " + result.output());
    }
    return jar;
  }

  /** Another driver on the port, by configurations alone. */
  private static void change(Bench bench, String from, String to) throws InteropException {
    bench.host().configure(from, List.of());
    String kind = to.equals(IPATH) ? "ipath" : "mthca";
    bench
        .host()
        .configure(
            to, List.of("ib.device = \"" + kind + "0\"", "port.target = \"(ib.port\\=p0)\""));
    awaitActive(bench, "ib.driver." + kind + " ");
  }

  private static void awaitActive(Bench bench, String driver) throws InteropException {
    String devices = "";
    for (int i = 0; i < POLLS; i++) {
      devices = bench.host().shell("ib:devices", Bench.SHORT);
      if (devices.lines().anyMatch(each -> each.contains(driver) && each.contains(" active "))) {
        return;
      }
      bench.guest().run("sleep 0.2", Bench.SHORT);
    }
    throw new InteropException(driver + " did not take over: " + devices);
  }
}
