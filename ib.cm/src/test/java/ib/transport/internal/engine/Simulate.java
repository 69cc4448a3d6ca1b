// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.PortCounter;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** {@code ./ib simulate}: whole hosts in virtual time, seed after seed. */
public final class Simulate {
  static final String USAGE =
      """
      usage: ./ib simulate [--seeds N] [--seed S]

        --seeds N   the seeds 1 to N; 10000 if left out
        --seed S    this seed alone, to repeat a failure
      """;

  /** What simulations must have brought about, else they show nothing. */
  static final List<PortCounter> HAPPENED =
      List.of(
          PortCounter.RCVD_PKTS,
          PortCounter.DROPPED_ICRC,
          PortCounter.DROPPED_QPN,
          PortCounter.DUPLICATE_REQUEST,
          PortCounter.OUT_OF_SEQ_REQUEST,
          PortCounter.RCVD_RNR_ERR,
          PortCounter.RCVD_SEQ_ERR,
          PortCounter.RETRY_EXCEEDED_ERR,
          PortCounter.COMPLETER_RETRY_ERR,
          PortCounter.RP_CNP_HANDLED,
          PortCounter.NP_CNP_SENT);

  private static final int USUAL_SEEDS = 10_000;
  private static final int LINES = 10;
  private static final int WRONG_USE = 2;

  /** What came of seeds. */
  record Result(
      long made, long whole, Map<PortCounter, Long> counters, Map<Happening, Long> happenings) {
    long counter(PortCounter counter) {
      return counters.getOrDefault(counter, 0L);
    }
  }

  private Simulate() {}

  /** Runs, prints what came of it, and exits with 1 if a seed failed. */
  public static void main(String[] args) {
    long first = 1;
    long last = USUAL_SEEDS;
    try {
      for (int i = 0; i < args.length; i += 2) {
        long value = i + 1 < args.length ? Long.parseLong(args[i + 1]) : 0;
        switch (value > 0 ? args[i] : "") {
          case "--seeds" -> last = value;
          case "--seed" -> {
            first = value;
            last = value;
          }
          default -> throw new NumberFormatException();
        }
      }
    } catch (NumberFormatException e) {
      System.err.println(USAGE + "\neach option needs a number of 1 or more");
      System.exit(WRONG_USE);
    }
    long beganNs = System.nanoTime();
    try {
      Result result = run(first, last, System.out::println);
      System.out.printf(
          "%d seeds, %d connections made and ended, %d of them with nothing that may break them,"
              + " %.1f s%n",
          last - first + 1, result.made, result.whole, (System.nanoTime() - beganNs) / 1e9);
      result.counters.forEach((counter, n) -> System.out.printf("  %-28s %d%n", counter, n));
      result.happenings.forEach((what, n) -> System.out.printf("  %-28s %d%n", what, n));
    } catch (AssertionError e) {
      e.printStackTrace();
      System.exit(1);
    }
  }

  /**
   * Runs seeds.
   *
   * @param progress told how far it is, now and then
   * @throws AssertionError that names the seed and how to repeat it
   */
  static Result run(long first, long last, Consumer<String> progress) {
    long made = 0;
    long whole = 0;
    Map<Happening, Long> happenings = new EnumMap<>(Happening.class);
    Map<PortCounter, Long> counters = new EnumMap<>(PortCounter.class);
    long each = Math.max(1, (last - first + 1) / LINES);
    for (long seed = first; seed <= last; seed++) {
      try {
        World world = new World(seed);
        world.run();
        made += world.connections()[0];
        whole += world.connections()[1];
        for (Happening happening : Happening.values()) {
          happenings.merge(happening, world.times(happening), Long::sum);
        }
        for (PortCounter counter : HAPPENED) {
          counters.merge(counter, world.counter(counter), Long::sum);
        }
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(
            "seed " + seed + " (again with ./ib simulate --seed " + seed + "): " + e.getMessage(),
            e);
      }
      if (seed % each == 0 && seed < last) {
        progress.accept("seed " + seed);
      }
    }
    return new Result(made, whole, counters, happenings);
  }
}
