// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** {@code ./ib interop}: builds the guest once, then runs the cases and writes the report. */
public final class InteropMain {
  private static final int USAGE = 2;
  private static final String HELP =
      """
      usage: ./ib interop [--case PATTERN] [--list] [--wire ethernet|stream|tap] [--report FILE]
             ./ib interop --shell [--wire ethernet|stream|tap]
                          [--kernel PACKAGE|FILE.deb] [--packages A,B,...] [--arch amd64|arm64] [--suite NAME]""";

  private Pattern pattern = Pattern.compile("");
  private String wire = "";
  private Path report = Path.of("interop-report.md").toAbsolutePath();
  private GuestSpec spec = GuestSpec.USUAL;
  private boolean list;
  private boolean shell;

  private InteropMain() {}

  /** Runs and ends the JVM: 0 all passed or skipped, 1 a case failed, 2 bad usage. */
  public static void main(String[] args) {
    InteropMain main = new InteropMain();
    try {
      main.parse(new ArrayDeque<>(List.of(args)));
    } catch (IllegalArgumentException e) {
      System.err.println("interop: " + e.getMessage() + "\n" + HELP);
      System.exit(USAGE);
    }
    System.exit(main.run());
  }

  private void parse(Deque<String> args) {
    while (!args.isEmpty()) {
      String option = args.removeFirst();
      if (option.equals("--list")) {
        list = true;
        continue;
      }
      if (option.equals("--shell")) {
        shell = true;
        continue;
      }
      if (args.isEmpty()) {
        throw new IllegalArgumentException(option + ": unknown, or without its value");
      }
      set(option, args.removeFirst());
    }
  }

  private void set(String option, String value) {
    switch (option) {
      case "--case" -> pattern = compile(value);
      case "--wire" -> {
        if (!List.of("ethernet", "stream", "tap").contains(value)) {
          throw new IllegalArgumentException("--wire " + value + ": give ethernet, stream or tap");
        }
        wire = value;
      }
      case "--report" -> report = Path.of(value).toAbsolutePath();
      case "--kernel" ->
          spec = new GuestSpec(value, spec.packages(), spec.architecture(), spec.suite());
      case "--packages" ->
          spec =
              new GuestSpec(
                  spec.kernel(), List.of(value.split(",")), spec.architecture(), spec.suite());
      case "--arch" ->
          spec =
              new GuestSpec(
                  spec.kernel(), spec.packages(), GuestSpec.Architecture.of(value), spec.suite());
      case "--suite" ->
          spec = new GuestSpec(spec.kernel(), spec.packages(), spec.architecture(), value);
      default -> throw new IllegalArgumentException(option + ": unknown");
    }
  }

  private static Pattern compile(String value) {
    try {
      return Pattern.compile(value);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException("--case " + value + ": " + e.getDescription(), e);
    }
  }

  private int run() {
    List<Case> cases = Cases.matching(pattern);
    if (cases.isEmpty()) {
      System.err.println("interop: no case matches " + pattern + "; ./ib interop --list");
      return USAGE;
    }
    if (list) {
      cases.forEach(each -> System.out.println(each.name()));
      return 0;
    }
    try {
      Path classes = Path.of(System.getProperty("openhca.testClasses"));
      String obstacle = GuestImage.obstacle(spec, classes.resolve("guest"));
      if (!obstacle.isEmpty()) {
        System.err.println("interop: SKIPPED, nothing was tried: " + obstacle);
        return 0;
      }
      GuestImage image = GuestImage.obtain(spec, classes.resolve("guest"));
      Path home = Path.of(System.getProperty("openhca.home")).toAbsolutePath().normalize();
      return shell ? shell(image, home) : run(image, home, cases);
    } catch (InteropException e) {
      System.err.println("interop: " + e.getMessage());
      return 1;
    }
  }

  private int run(GuestImage image, Path home, List<Case> cases) throws InteropException {
    Report results = new Report(report);
    results.note("Linux " + image.version() + " in QEMU, without acceleration.");
    run(new InteropRun(image, home, results), results, cases);
    System.out.println(results.summary() + "; report in " + report);
    return results.failures() == 0 ? 0 : 1;
  }

  private int shell(GuestImage image, Path home) throws InteropException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Wire between =
        switch (wire) {
          case "stream" -> new Wire.Stream();
          case "tap" -> new Wire.Tap();
          default -> new Wire.Frames();
        }) {
      Path folder = InteropRun.folder();
      try (Bench bench = new Bench(image, between, home, folder)) {
        return new GuestShell(bench, in, System.out).run(image.version());
      } finally {
        InteropRun.remove(folder);
      }
    }
  }

  private boolean wants(String name) {
    return wire.isEmpty() || wire.equals(name);
  }

  private void run(InteropRun run, Report results, List<Case> cases) throws InteropException {
    if (wants("ethernet")) {
      try (Wire frames = new Wire.Frames()) {
        run.run(frames, cases);
      }
    }
    if (wants("stream")) {
      try (Wire stream = new Wire.Stream()) {
        run.run(stream, wire.isEmpty() ? Cases.shortened(cases) : cases);
      }
    }
    if (wants("tap")) {
      String obstacle = Wire.Tap.obstacle();
      if (!obstacle.isEmpty()) {
        results.note("SKIPPED over TAP: " + obstacle);
        return;
      }
      try (Wire tap = new Wire.Tap()) {
        run.run(tap, cases.stream().filter(each -> each.faults().isEmpty()).toList());
      }
    }
  }
}
