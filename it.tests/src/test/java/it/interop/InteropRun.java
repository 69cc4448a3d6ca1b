// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/** Runs cases one after the other, with one guest at a time. */
final class InteropRun {
  private static final double NS_PER_S = 1e9;
  private static final int DETAIL = 600;
  private static final Duration LIMIT = Duration.ofMinutes(6);

  private final GuestImage image;
  private final Path home;
  private final Report report;

  InteropRun(GuestImage image, Path home, Report report) {
    this.image = image;
    this.home = home;
    this.report = report;
  }

  /** Runs these cases on a wire; those that need faults are skipped where it can't have any. */
  void run(Wire wire, List<Case> cases) throws InteropException {
    Path folder = folder();
    int failedBefore = report.failures();
    try (Bench bench = new Bench(image, wire, home, folder)) {
      for (Case each : cases) {
        if (!each.faults().isEmpty() && !wire.hasFaults()) {
          report.skipped(wire.name(), each, "no faults can be injected on this wire");
        } else {
          run(bench, each);
        }
      }
      bench.dropAll();
      check(bench);
    }
    if (report.failures() > failedBefore) {
      report.note("Logs and captures are in " + folder + ".");
    } else {
      remove(folder);
    }
  }

  /** A new folder for guests and hosts; its path is short, as the names of Unix sockets are. */
  static Path folder() throws InteropException {
    try {
      return Files.createTempDirectory(Path.of("/tmp"), "openhca-it");
    } catch (IOException e) {
      throw new InteropException("no temporary folder: " + e, e);
    }
  }

  static void remove(Path folder) throws InteropException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new InteropException(folder + " can't be removed: " + e, e);
    }
  }

  private void run(Bench bench, Case each) throws InteropException {
    long beganNs = System.nanoTime();
    String wire = bench.wire().name();
    try {
      String detail = bounded(bench, each);
      report.passed(wire, each, detail, secondsSince(beganNs));
    } catch (InteropException.NotOffered e) {
      report.skipped(wire, each, String.valueOf(e.getMessage()));
    } catch (InteropException | RuntimeException e) {
      String text = String.valueOf(e.getMessage());
      String end = text.length() <= DETAIL ? text : "..." + text.substring(text.length() - DETAIL);
      report.failed(wire, each, end, secondsSince(beganNs));
      bench.dropAll();
    }
  }

  private static double secondsSince(long beganNs) {
    return (System.nanoTime() - beganNs) / NS_PER_S;
  }

  /** Every wait is bounded; should they add up, the processes are ended, and so the waits fail. */
  private static String bounded(Bench bench, Case each) throws InteropException {
    AtomicBoolean late = new AtomicBoolean();
    Timer timer = new Timer("interop-limit", true);
    timer.schedule(
        new TimerTask() {
          @Override
          public void run() {
            late.set(true);
            bench.abort();
          }
        },
        LIMIT.toMillis());
    try {
      bench.prepare(each);
      return each.body().run(bench);
    } catch (InteropException | RuntimeException e) {
      if (late.get()) {
        throw new InteropException("not done after " + LIMIT.toSeconds() + " s: " + e, e);
      }
      throw e;
    } finally {
      timer.cancel();
    }
  }

  /** What both ends captured is looked at once all is written. */
  private void check(Bench bench) throws InteropException {
    Case shown = Case.of("-", "captures of both ends", "-", 0, unused -> "");
    String wire = bench.wire().name();
    long beganNs = System.nanoTime();
    try {
      Captures captures = new Captures(bench.home());
      String said = captures.verify(bench.captures());
      if (!captures.onlyOurs().isEmpty()) {
        // The kernel was not asked to send the like in these cases: it is now.
        int before = bench.captures().size();
        for (Case each : OpsCases.reference()) {
          bounded(bench, each);
        }
        bench.dropAll();
        captures.verify(bench.captures().subList(before, bench.captures().size()));
      }
      captures.requireNothingOfOurs();
      report.passed(wire, shown, said + captures.summary(), secondsSince(beganNs));
    } catch (InteropException e) {
      report.failed(wire, shown, String.valueOf(e.getMessage()), secondsSince(beganNs));
    }
  }
}
