// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import ib.bench.dma.DmaGroup;
import ib.bench.dma.DmaPage;
import ib.bench.report.Json;
import ib.bench.report.Report;
import ib.bench.srp.SrpGroup;
import ib.bench.swap.SwapGroup;
import ib.bench.transport.TransportGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** {@code ./ib bench}. */
public final class Main {
  private static final int FAILED = 1;

  private Main() {}

  /** Runs the benchmarks and ends the JVM with the exit code. */
  public static void main(String[] args) {
    int code = FAILED;
    try {
      run(List.of(args));
      code = 0;
    } catch (BenchException | IOException e) {
      System.err.println("bench: " + e.getMessage());
    }
    // Threads of a host that did not stop must not keep the JVM.
    System.exit(code);
  }

  /** Runs the benchmarks that the arguments name, prints the table, and gives the figures. */
  static Report run(List<String> args) throws BenchException, IOException {
    if (args.contains("--help") || args.contains("-h")) {
      System.out.println(Options.USAGE);
      return new Report();
    }
    Options options = Options.parse(args);
    Plan plan = options.plan();
    Map<String, String> facts = Machine.facts(plan);
    Report report = new Report();
    for (Group group :
        List.of(new TransportGroup(), new SrpGroup(), new SwapGroup(), new DmaGroup())) {
      if (options.groups().contains(group.name())) {
        report.setRecording(true);
        group.run(plan, report);
      }
    }
    facts.put("load average after", Machine.load());
    facts.forEach((name, value) -> System.out.println(name + ": " + value));
    System.out.println();
    System.out.print(report.table());
    Path json = options.json();
    if (json != null) {
      Files.writeString(json, Json.of(facts, report));
    }
    Path page = options.page();
    if (page != null) {
      DmaPage.write(page, facts, report);
    }
    return report;
  }
}
