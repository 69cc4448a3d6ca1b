// SPDX-License-Identifier: Apache-2.0
package it.interop;

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
                          [--kernel PACKAGE|FILE.deb] [--packages A,B,...] [--arch amd64|arm64] [--suite NAME]""";

  private Pattern pattern = Pattern.compile("");
  private String wire = "";
  private Path report = Path.of("interop-report.md").toAbsolutePath();
  private GuestSpec spec = GuestSpec.USUAL;
  private boolean list;

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
      Report results = new Report(report);
      Path classes = Path.of(System.getProperty("openhca.testClasses"));
      String obstacle = GuestImage.obstacle(spec, classes.resolve("guest"));
      if (!obstacle.isEmpty()) {
        System.err.println("interop: SKIPPED, nothing was tried: " + obstacle);
        return 0;
      }
      GuestImage image = GuestImage.obtain(spec, classes.resolve("guest"));
      results.note("Linux " + image.version() + " in QEMU, without acceleration.");
      Path home = Path.of(System.getProperty("openhca.home")).toAbsolutePath().normalize();
      run(new InteropRun(image, home, results), results, cases);
      System.out.println(results.summary() + "; report in " + report);
      return results.failures() == 0 ? 0 : 1;
    } catch (InteropException e) {
      System.err.println("interop: " + e.getMessage());
      return 1;
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
