// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Captures of both ends: every ICRC is right, and an independent dissector has nothing to say. */
final class Captures {
  private static final Duration LIMIT = Duration.ofSeconds(120);

  private Captures() {}

  static Case of(List<Path> files) {
    return Case.of("-", "captures of both ends", "-", 0, bench -> check(bench, files));
  }

  private static String check(Bench bench, List<Path> files) throws InteropException {
    int checked = 0;
    int warnings = 0;
    for (Path file : files) {
      if (isEmpty(file)) {
        continue;
      }
      decode(bench, file);
      warnings += dissect(file);
      checked++;
    }
    return checked
        + " files, every ICRC verified"
        + (warnings < 0 ? ", no tshark on this machine" : ", no expert warning in tshark");
  }

  private static boolean isEmpty(Path file) throws InteropException {
    try {
      return !Files.exists(file) || Files.size(file) <= 24;
    } catch (IOException e) {
      throw new InteropException("capture " + file + ": " + e, e);
    }
  }

  private static void decode(Bench bench, Path file) throws InteropException {
    Path home = bench.home();
    Programs.Result result =
        Programs.run(
            LIMIT,
            Map.of(),
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + home.resolve("bin/java.options"),
                "-Dopenhca.home=" + home,
                "-cp",
                home + "/bin/*:" + home + "/bundles/05/*:" + home + "/bundles/10/*",
                "ib.host.launch.Main",
                "decode",
                file.toString()));
    if (result.code() != 0) {
      String text = result.output();
      throw new InteropException(file + ": " + text.substring(Math.max(0, text.length() - 500)));
    }
  }

  /** 0 if there is nothing to say, less than 0 if there is nobody to ask. */
  private static int dissect(Path file) throws InteropException {
    if (!Programs.exists("tshark")) {
      return -1;
    }
    Programs.Result result =
        Programs.run(
            LIMIT,
            Map.of(),
            List.of(
                "tshark",
                "-r",
                file.toString(),
                // No guesses at what is in the payload: it takes our patterns for other protocols.
                "-o",
                "infiniband.identify_payload:FALSE",
                "--disable-protocol",
                "rpcordma",
                "-Y",
                "infiniband && _ws.expert.severity >= \"Warning\"",
                "-T",
                "fields",
                "-e",
                "frame.number",
                "-e",
                "_ws.expert.message"));
    String said =
        result
            .output()
            .lines()
            .filter(line -> !line.startsWith("Running as user"))
            .limit(5)
            .reduce("", (a, b) -> a + b + "; ");
    if (!said.isEmpty()) {
      throw new InteropException(file + ": tshark: " + said);
    }
    return 0;
  }
}
