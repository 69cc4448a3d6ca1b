// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Captures of both ends: every ICRC is right, and an independent dissector has nothing to say of
 * our packets that it does not also say of the kernel's. It guesses at other protocols in the
 * payload, and finds malformed what it guessed; what it says of ours alone counts if it also says
 * it without guessing, since any two bytes of an application may look like an EtherType.
 */
final class Captures {
  private static final Duration LIMIT = Duration.ofSeconds(300);

  private static final String NO_GUESS = "infiniband.identify_payload:FALSE";

  private final Path home;
  private final Set<String> ours = new TreeSet<>();
  private final Set<String> kernels = new TreeSet<>();

  /** Where something was said of our packets. */
  private final Set<Path> suspects = new TreeSet<>();

  Captures(Path home) {
    this.home = home;
  }

  /** Verifies files, and gathers what is said of their packets. */
  String verify(List<Path> files) throws InteropException {
    int checked = 0;
    for (Path file : files) {
      if (!isEmpty(file)) {
        decode(file);
        dissect(file);
        checked++;
      }
    }
    return checked + " files, every ICRC verified";
  }

  /** What is said of our packets and of none of the kernel's. */
  Set<String> onlyOurs() {
    Set<String> only = new TreeSet<>(ours);
    only.removeAll(kernels);
    return only;
  }

  void requireNothingOfOurs() throws InteropException {
    Set<String> only = onlyOurs();
    if (only.isEmpty()) {
      return;
    }
    Set<String> certain = new TreeSet<>();
    for (Path file : suspects) {
      dissect(file, List.of("-o", NO_GUESS), certain, kernels);
    }
    certain.removeAll(kernels);
    if (!certain.isEmpty()) {
      throw new InteropException("tshark says of our packets only: " + certain);
    }
    ours.removeAll(only);
  }

  String summary() {
    if (!Programs.exists("tshark")) {
      return ", no tshark on this machine";
    }
    return ours.isEmpty()
        ? ", no expert warning in tshark"
        : ", no expert warning in tshark that the kernel's packets have not: " + ours;
  }

  private static boolean isEmpty(Path file) throws InteropException {
    try {
      return !Files.exists(file) || Files.size(file) <= 24;
    } catch (IOException e) {
      throw new InteropException("capture " + file + ": " + e, e);
    }
  }

  private void decode(Path file) throws InteropException {
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

  /** Gathers what is said of the packets of one file. */
  void dissect(Path file) throws InteropException {
    if (!Programs.exists("tshark")) {
      return;
    }
    Set<String> said = new TreeSet<>();
    dissect(file, List.of(), said, kernels);
    ours.addAll(said);
    if (!said.isEmpty()) {
      suspects.add(file);
    }
  }

  private static void dissect(
      Path file, List<String> options, Set<String> ours, Set<String> kernels)
      throws InteropException {
    List<String> command = new ArrayList<>(List.of("tshark", "-r", file.toString()));
    command.addAll(options);
    command.addAll(
        List.of(
            "-Y",
            "infiniband && _ws.expert.severity >= \"Warning\"",
            "-T",
            "fields",
            "-E",
            "separator=|",
            "-e",
            "ip.src",
            "-e",
            "ipv6.src",
            "-e",
            "infiniband.bth.opcode",
            "-e",
            "_ws.expert.message"));
    Programs.Result result = Programs.run(LIMIT, Map.of(), command);
    // 2 is a file whose end is missing, as a program that was killed leaves it.
    if (result.code() == 1) {
      throw new InteropException("tshark can't read " + file + ": " + result.output());
    }
    for (String line : result.output().lines().toList()) {
      // Beside the packets there may be words of tshark's own.
      String[] fields = line.split("\\|", 4);
      if (fields.length == 4) {
        String source = fields[0] + fields[1];
        boolean kernel = source.equals(Guest.ADDRESS) || source.equals(Guest.ADDRESS_V6);
        (kernel ? kernels : ours).add(said(fields[2], fields[3]));
      }
    }
  }

  /** What is malformed depends on the kind of packet; the rest does not. */
  private static String said(String opcode, String message) {
    return message.contains("Malformed") ? "opcode " + opcode + ": " + message : message;
  }
}
