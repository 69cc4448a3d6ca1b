// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.bench.BenchException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The command line of {@code ./ib stress}.
 *
 * @param operations operations of each thread, in all; without bound if there is a time
 * @param durationNs when to end; without bound if there are operations
 * @param epoch operations of each thread between two readings of the heap
 * @param threads how many threads
 * @param seed of everything random
 */
record StressOptions(long operations, long durationNs, int epoch, int threads, long seed) {
  static final String USAGE =
      """
      usage: ./ib stress [OPTIONS]
        --minutes M      how long (default 1)
        --operations N   instead: how many operations of each thread
        --threads T      how many threads (default 2)
        --seed S         of everything random (default: by the clock)""";

  private static final int MAX_MINUTES = 24 * 60;
  private static final int MAX_THREADS = 64;
  private static final int DEFAULT_EPOCH = 1_000_000;
  private static final int EPOCHS_AT_LEAST = 8;

  static StressOptions parse(List<String> args) throws BenchException {
    long operations = 0;
    long minutes = 1;
    int threads = 2;
    long seed = System.nanoTime() & 0xFFFF_FFFFL;
    for (Iterator<String> rest = args.iterator(); rest.hasNext(); ) {
      String arg = rest.next();
      switch (arg) {
        case "--minutes" -> minutes = number(arg, rest, 1, MAX_MINUTES);
        case "--operations" -> operations = number(arg, rest, 1, Long.MAX_VALUE);
        case "--threads" -> threads = (int) number(arg, rest, 1, MAX_THREADS);
        case "--seed" -> seed = number(arg, rest, Long.MIN_VALUE, Long.MAX_VALUE);
        default -> throw new BenchException("unknown argument: " + arg + "\n" + USAGE);
      }
    }
    return operations > 0
        ? new StressOptions(
            operations,
            Long.MAX_VALUE,
            Math.clamp(operations / EPOCHS_AT_LEAST, 1, DEFAULT_EPOCH),
            threads,
            seed)
        : new StressOptions(
            Long.MAX_VALUE, TimeUnit.MINUTES.toNanos(minutes), DEFAULT_EPOCH, threads, seed);
  }

  private static long number(String option, Iterator<String> rest, long min, long max)
      throws BenchException {
    if (!rest.hasNext()) {
      throw new BenchException(option + " wants a value\n" + USAGE);
    }
    String text = rest.next();
    try {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new BenchException(option + " " + text + " is no number", e);
    }
    throw new BenchException(option + " " + text + ": give " + min + " to " + max);
  }
}
