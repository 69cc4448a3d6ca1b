// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Options of {@code ./ib demo}.
 *
 * @param file what to copy
 * @param swaps how many replacements
 * @param seed of their order and times
 * @param pcap where to write what the initiator's port sends and receives, or null
 * @param json whether the report is JSON
 * @param depth commands kept in flight
 * @param dma how memory is mapped
 */
record DemoOptions(
    Path file, int swaps, long seed, @Nullable Path pcap, boolean json, int depth, DmaOptions dma) {
  private static final int DEFAULT_SWAPS = 12;
  private static final int DEFAULT_DEPTH = 32;
  private static final int MIN_DEPTH = 16;
  private static final int MAX_DEPTH = 62;

  static DemoOptions parse(List<String> args) throws DemoException {
    Path file = Path.of(System.getProperty("java.home"), "lib", "modules");
    int swaps = DEFAULT_SWAPS;
    long seed = System.nanoTime() & 0xFFFF;
    Path pcap = null;
    boolean json = false;
    int depth = DEFAULT_DEPTH;
    DmaOptions dma = DmaOptions.NONE;
    for (Iterator<String> rest = args.iterator(); rest.hasNext(); ) {
      String option = rest.next();
      switch (option) {
        case "--file" -> file = Path.of(value(option, rest));
        case "--swaps" -> swaps = (int) number(option, value(option, rest), 1, 10_000);
        case "--seed" -> seed = number(option, value(option, rest), Long.MIN_VALUE, Long.MAX_VALUE);
        case "--pcap" -> pcap = Path.of(value(option, rest)).toAbsolutePath();
        case "--depth" -> depth = (int) number(option, value(option, rest), MIN_DEPTH, MAX_DEPTH);
        case "--json" -> json = true;
        case "--mode" -> dma = dma.withMode(value(option, rest));
        case "--debug" -> dma = dma.withDebug();
        case "--fault" -> dma = dma.withFault(value(option, rest));
        default ->
            throw new DemoException(
                "demo: unknown option "
                    + option
                    + "; use --file F, --swaps N, --seed S, --pcap P, --depth D, --json,"
                    + " --mode M, --debug, --fault KEY=VALUE,...");
      }
    }
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      throw new DemoException(
          "demo: --file " + file + " is no readable file; name one, best of 100 MB or more");
    }
    return new DemoOptions(file.toAbsolutePath(), swaps, seed, pcap, json, depth, dma);
  }

  private static String value(String option, Iterator<String> rest) throws DemoException {
    if (!rest.hasNext()) {
      throw new DemoException("demo: " + option + " wants a value");
    }
    return rest.next();
  }

  private static long number(String option, String text, long min, long max) throws DemoException {
    try {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new DemoException("demo: " + option + " " + text + " is no number", e);
    }
    throw new DemoException(
        "demo: " + option + " " + text + " is out of range; give " + min + " to " + max);
  }
}
