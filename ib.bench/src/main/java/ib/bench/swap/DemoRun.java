// SPDX-License-Identifier: Apache-2.0
package ib.bench.swap;

import ib.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one run of the demonstration told.
 *
 * @param quietGapMs longest time without a completion while nothing was replaced
 * @param swaps what was replaced
 */
record DemoRun(double quietGapMs, List<DemoRun.Swap> swaps) {
  private static final long LONGEST_S = 300;
  private static final String NUMBER = "([-+0-9.Ee]+)";
  private static final Pattern QUIET = Pattern.compile("\"quietGapMs\":" + NUMBER);
  private static final Pattern SWAP =
      Pattern.compile(
          "\"side\":\"(\\w+)\",\"kind\":\"(\\w+)\",\"what\":\"[^\"]*\",\"inFlight\":\\d+,\"blackoutMs\":"
              + NUMBER);

  /**
   * One replacement.
   *
   * @param side initiator, target or both
   * @param kind kind of swap
   * @param blackoutMs longest time without a completion
   */
  record Swap(String side, String kind, double blackoutMs) {
    /** Swaps of both ends at once are a kind of their own. */
    String label() {
      return side.equals("both")
          ? "both ends at once"
          : kind.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** Runs the demonstration to its end. */
  static DemoRun run(Path home, Path file, int swaps, long seed)
      throws BenchException, IOException {
    Path out = home.resolve("demo.out");
    Path err = home.resolve("demo.err");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + home.resolve("bin/java.options"),
                "-Dopenhca.home=" + home,
                "-cp",
                home + "/bin/*:" + home + "/bundles/05/*:" + home + "/bundles/10/*",
                "ib.host.launch.Main",
                "demo",
                "--json",
                "--file",
                file.toString(),
                "--swaps",
                Integer.toString(swaps),
                "--seed",
                Long.toString(seed))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    await(process);
    if (process.exitValue() != 0) {
      throw new BenchException(
          "the demonstration with seed " + seed + " failed:\n" + tail(err) + tail(out));
    }
    return parse(Files.readString(out));
  }

  private static void await(Process process) throws BenchException {
    try {
      if (!process.waitFor(LONGEST_S, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new BenchException("the demonstration did not end within " + LONGEST_S + " s");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new BenchException("interrupted", e);
    }
  }

  private static String tail(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size())) + "\n";
  }

  /**
   * Reads the demonstration's JSON.
   *
   * @throws BenchException if it has no figures
   */
  static DemoRun parse(String json) throws BenchException {
    Matcher quiet = QUIET.matcher(json);
    List<Swap> swaps = new ArrayList<>();
    Matcher swap = SWAP.matcher(json);
    while (swap.find()) {
      swaps.add(new Swap(swap.group(1), swap.group(2), Double.parseDouble(swap.group(3))));
    }
    if (!quiet.find() || swaps.isEmpty()) {
      throw new BenchException("the demonstration's report has no figures: " + json);
    }
    return new DemoRun(Double.parseDouble(quiet.group(1)), swaps);
  }
}
