// SPDX-License-Identifier: Apache-2.0
package ib.host.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * {@code ./ib TOOL ...}: a command of the shell on a host with one device, or on a host as
 * configured.
 */
final class ToolJob {
  private static final String ADDRESS = "--address";
  private static final String DRIVER = "--driver";
  private static final String MTU = "--mtu-limit";
  private static final String ETC = "--etc";

  /** Tools that talk to a peer: each is a host of its own. */
  private static final Set<String> TALKING =
      Set.of("rping", "pingpong", "perf", "ucmatose", "udaddy");

  private static final Set<String> DRIVERS = Set.of("mthca", "ehca", "ipath");

  /** What the shell takes as it stands. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,+-]+");

  private final Map<String, String> options = new HashMap<>();
  private final List<String> rest = new ArrayList<>();

  private ToolJob() {}

  /**
   * Takes the launcher's options out of the tool's arguments.
   *
   * @param args the tool's name first
   */
  static ToolJob of(List<String> args) throws Main.UsageException {
    ToolJob job = new ToolJob();
    for (int i = 0; i < args.size(); i++) {
      String arg = args.get(i);
      if (!Set.of(ADDRESS, DRIVER, MTU, ETC).contains(arg)) {
        job.rest.add(arg);
      } else if (i + 1 < args.size()) {
        job.options.put(arg, args.get(++i));
      } else {
        throw new Main.UsageException(arg + " needs a value");
      }
    }
    if (job.rest.isEmpty()) {
      throw new Main.UsageException("no tool named");
    }
    String driver = job.options.getOrDefault(DRIVER, "mthca");
    if (!DRIVERS.contains(driver)) {
      throw new Main.UsageException(DRIVER + " " + driver + ": give one of " + DRIVERS);
    }
    if (job.options.containsKey(ETC) && job.options.size() > 1) {
      throw new Main.UsageException(ETC + " says it all; leave out " + ADDRESS + ", " + DRIVER);
    }
    return job;
  }

  /** Whether the host is one device, made for this run; else it is configured. */
  boolean ownHost() {
    return !options.containsKey(ETC) && (!options.isEmpty() || TALKING.contains(rest.getFirst()));
  }

  /** The folder of configurations, where there is one. */
  Path etc(Path home) throws Main.UsageException {
    String given = options.get(ETC);
    Path etc = given == null ? home.resolve("etc") : Path.of(given).toAbsolutePath().normalize();
    if (!Files.isDirectory(etc)) {
      throw new Main.UsageException(ETC + " " + given + ": no such folder");
    }
    return etc;
  }

  /**
   * Writes the configurations of a host with one device.
   *
   * @param etc where to
   * @param address of its port, unless one was given
   */
  void configure(Path etc, String address) throws IOException {
    String driver = options.getOrDefault(DRIVER, "mthca");
    String port = "name = \"p0\"\naddress = \"%s\"\n";
    if (options.containsKey(MTU)) {
      port += "mtu = \"" + options.get(MTU) + "\"\n";
    }
    Files.writeString(
        etc.resolve("ib.port-p0.config"), port.formatted(options.getOrDefault(ADDRESS, address)));
    Files.writeString(
        etc.resolve("ib.driver.%s-%s0.config".formatted(driver, driver)),
        "ib.device = \"%s0\"\nport.target = \"(ib.port\\=p0)\"\n".formatted(driver));
  }

  /** The command for the shell. */
  String command() throws Main.UsageException {
    StringBuilder command = new StringBuilder("rdma:" + rest.getFirst());
    for (String arg : rest.subList(1, rest.size())) {
      if (arg.indexOf('\'') >= 0) {
        throw new Main.UsageException(arg + ": a quote can't be passed on to the shell");
      }
      command.append(' ').append(PLAIN.matcher(arg).matches() ? arg : "'" + arg + "'");
    }
    return command.toString();
  }
}
