// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.bench.BenchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code ./ib stress}. */
public final class StressMain {
  private static final int FAILED = 1;

  private StressMain() {}

  /** Runs, prints what is found, and ends the JVM with the exit code. */
  public static void main(String[] args) {
    int code = FAILED;
    try {
      code = run(List.of(args));
    } catch (BenchException e) {
      System.err.println("stress: " + e.getMessage());
    }
    // Threads of a host that did not stop must not keep the JVM.
    System.exit(code);
  }

  private static int run(List<String> args) throws BenchException {
    if (args.contains("--help") || args.contains("-h")) {
      System.out.println(StressOptions.USAGE);
      return 0;
    }
    StressOptions options = StressOptions.parse(args);
    StressResult result = new DmaStress(options, System.out::println).run(runtime());
    System.out.println(result.text());
    if (result.problems().isEmpty()) {
      return 0;
    }
    System.out.println("repeat it: ./ib stress --seed " + options.seed());
    return FAILED;
  }

  private static Path runtime() throws BenchException {
    String home = System.getProperty("openhca.home");
    if (home == null || !Files.isDirectory(Path.of(home, "bundles"))) {
      throw new BenchException(
          "system property openhca.home (" + home + ") names no runtime directory; start by ./ib");
    }
    return Path.of(home).toAbsolutePath().normalize();
  }
}
