// SPDX-License-Identifier: Apache-2.0
package ib.bench;

import ib.bench.dma.DmaGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The command line of {@code ./ib bench}. */
final class Options {
  static final String USAGE =
      """
      usage: ./ib bench [transport|srp|swap|dma|all] [OPTIONS]
        --quick          one short round: shows that everything runs, not how fast
        --rounds N       interleaved rounds that count (default 5)
        --millis M       length of one measurement (default 400)
        --drivers A,B    of mthca, ipath, ehca (default all); SRP has the first at the initiator, the last at the target
        --modes A,B      of ipath, direct, auto, iommu-strict, iommu-lazy, swiotlb (default all), for dma
        --full           dma: every combination of size, threads and call sites (takes three times as long)
        --report DIR     dma: writes figures and plot into dma.md of that folder, and dma-figures.svg beside it
        --swaps N        replacements of one round of swap (default 15)
        --seed S         of everything random (default 1)
        --json FILE      writes every sample, too""";

  private static final List<String> GROUPS = List.of("transport", "srp", "swap", "dma");
  private static final List<String> DRIVERS = List.of("mthca", "ipath", "ehca");

  private final List<String> groups = new ArrayList<>();
  private List<String> drivers = DRIVERS;
  private List<String> modes = DmaGroup.MODES;
  private @Nullable Path json;
  private @Nullable Path page;
  private boolean full;
  private boolean quick;
  private int rounds;
  private int millis;
  private int swaps;
  private long seed = 1;

  private Options() {}

  /**
   * Reads the arguments.
   *
   * @throws BenchException that names what is wrong
   */
  static Options parse(List<String> args) throws BenchException {
    Options options = new Options();
    for (Iterator<String> rest = args.iterator(); rest.hasNext(); ) {
      options.take(rest.next(), rest);
    }
    if (options.groups.isEmpty()) {
      options.groups.addAll(GROUPS);
    }
    return options;
  }

  private void take(String arg, Iterator<String> rest) throws BenchException {
    switch (arg) {
      case "--quick" -> quick = true;
      case "--rounds" -> rounds = number(arg, rest, 1000);
      case "--millis" -> millis = number(arg, rest, 60_000);
      case "--swaps" -> swaps = number(arg, rest, 1000);
      case "--seed" -> seed = number(arg, rest, Integer.MAX_VALUE);
      case "--json" -> json = Path.of(value(arg, rest));
      case "--full" -> full = true;
      case "--report" -> page = page(value(arg, rest));
      case "--modes" -> modes = some(arg, value(arg, rest), DmaGroup.MODES);
      case "--drivers" -> drivers = some(arg, value(arg, rest), DRIVERS);
      case "all" -> groups.addAll(GROUPS);
      default -> {
        if (!GROUPS.contains(arg)) {
          throw new BenchException("unknown argument: " + arg + "\n" + USAGE);
        }
        groups.add(arg);
      }
    }
  }

  private static List<String> some(String option, String text, List<String> all)
      throws BenchException {
    List<String> wanted = List.of(text.split(","));
    for (String one : wanted) {
      if (!all.contains(one)) {
        throw new BenchException(option + " " + text + ": give some of " + all);
      }
    }
    return wanted;
  }

  private static Path page(String folder) throws BenchException {
    Path page = Path.of(folder, "dma.md");
    if (!Files.isRegularFile(page)) {
      throw new BenchException("--report " + folder + ": no dma.md there; give the folder docs");
    }
    return page;
  }

  private static String value(String option, Iterator<String> rest) throws BenchException {
    if (!rest.hasNext()) {
      throw new BenchException(option + " wants a value\n" + USAGE);
    }
    return rest.next();
  }

  private static int number(String option, Iterator<String> rest, int max) throws BenchException {
    String text = value(option, rest);
    try {
      int value = Integer.parseInt(text);
      if (value >= 1 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new BenchException(option + " " + text + " is no number", e);
    }
    throw new BenchException(option + " " + text + ": give 1 to " + max);
  }

  List<String> groups() {
    return groups.stream().distinct().toList();
  }

  @Nullable Path json() {
    return json;
  }

  /** The page that shows the figures of dma. */
  @Nullable Path page() {
    return page;
  }

  Plan plan() throws BenchException {
    int length = millis > 0 ? millis : quick ? 100 : 400;
    return new Plan(
        runtime(),
        rounds > 0 ? rounds : quick ? 1 : 5,
        quick ? 0 : 1,
        TimeUnit.MILLISECONDS.toNanos(length),
        drivers,
        modes,
        quick,
        full,
        swaps > 0 ? swaps : quick ? 8 : 15,
        seed,
        step -> System.err.println("bench: " + step));
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
