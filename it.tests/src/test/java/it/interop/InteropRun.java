// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Runs cases one after the other, with one guest at a time. */
final class InteropRun {
  private static final double NS_PER_S = 1e9;
  private static final int DETAIL = 600;

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
    try {
      // A short path, because the names of Unix sockets are short.
      Path folder = Files.createTempDirectory(Path.of("/tmp"), "openhca-it");
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
    } catch (IOException e) {
      throw new InteropException("no temporary folder: " + e, e);
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void run(Bench bench, Case each) {
    long beganNs = System.nanoTime();
    String wire = bench.wire().name();
    try {
      bench.prepare(each);
      String detail = each.body().run(bench);
      report.passed(wire, each, detail, (System.nanoTime() - beganNs) / NS_PER_S);
    } catch (InteropException.NotOffered e) {
      report.skipped(wire, each, String.valueOf(e.getMessage()));
      bench.dropAll();
    } catch (InteropException | RuntimeException e) {
      String text = String.valueOf(e.getMessage());
      String end = text.length() <= DETAIL ? text : "..." + text.substring(text.length() - DETAIL);
      report.failed(wire, each, end, (System.nanoTime() - beganNs) / NS_PER_S);
      bench.dropAll();
    }
  }

  /** What both ends captured is looked at once all is written. */
  private void check(Bench bench) {
    Case captures = Captures.of(bench.captures());
    long beganNs = System.nanoTime();
    try {
      String detail = captures.body().run(bench);
      report.passed(
          bench.wire().name(), captures, detail, (System.nanoTime() - beganNs) / NS_PER_S);
    } catch (InteropException e) {
      report.failed(
          bench.wire().name(), captures, e.getMessage(), (System.nanoTime() - beganNs) / NS_PER_S);
    }
  }
}
