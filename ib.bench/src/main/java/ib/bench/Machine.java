// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Facts without which figures mean nothing. */
final class Machine {
  private Machine() {}

  /** The facts now; no names of hosts, users or folders. */
  static Map<String, String> facts(Plan plan) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("load average before", load());
    facts.put("jdk", Runtime.version() + ", " + System.getProperty("java.vm.name"));
    facts.put(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    facts.put("heap MiB", Long.toString(Runtime.getRuntime().maxMemory() >> 20));
    facts.put("rounds", Integer.toString(plan.rounds()));
    facts.put("measurement ms", Long.toString(plan.measureNs() / 1_000_000));
    facts.put("seed", Long.toString(plan.seed()));
    return facts;
  }

  /** Runnable threads on the whole machine, over the last minute. */
  static String load() {
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    return load < 0 ? "unknown" : String.format(Locale.ROOT, "%.1f", load);
  }
}
