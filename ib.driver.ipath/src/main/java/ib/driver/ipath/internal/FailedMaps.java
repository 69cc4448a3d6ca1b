// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Counts the maps of an attachment that failed, by cause, and tells of each cause the first, and
 * then one in {@link #QUIET_NS} with the number of those between. Thread-safe.
 */
final class FailedMaps {
  static final long QUIET_NS = TimeUnit.SECONDS.toNanos(10);

  /** Why a map returned the error value; named as core's own operations name theirs. */
  enum Cause {
    CLOSED("closed", "the memory is closed"),
    UNMAPPABLE("unmappable", "the memory can not be mapped"),
    NO_MEMORY("no-memory", "the pool has no room for a copy"),
    TOO_LONG("too-long", "an entry of the list is longer than a segment"),
    DETACHED("detached", "its user is detached");

    private final String label;
    private final String words;

    Cause(String label, String words) {
      this.label = label;
      this.words = words;
    }
  }

  /** Of one cause. */
  private static final class Told {
    private long count;
    private long told;
    private long atNs;
  }

  private final Consumer<String> log;
  private final LongSupplier clockNs;
  private final Map<Cause, Told> causes = new EnumMap<>(Cause.class);

  FailedMaps(Consumer<String> log, LongSupplier clockNs) {
    this.log = log;
    this.clockNs = clockNs;
  }

  /** One failed. */
  void add(Cause cause, String device, String owner, long lengthBytes) {
    long since = count(cause);
    if (since > 0) {
      log.accept(
          "mapping %d bytes on %s for %s failed: %s%s"
              .formatted(
                  lengthBytes,
                  device,
                  owner,
                  cause.words,
                  since > 1 ? ", %d times since the last line".formatted(since) : ""));
    }
  }

  /** Failures that are to be told now, this one included; 0 to be quiet. */
  private synchronized long count(Cause cause) {
    Told of = causes.computeIfAbsent(cause, _ -> new Told());
    long nowNs = clockNs.getAsLong();
    of.count++;
    if (of.count > 1 && nowNs - of.atNs < QUIET_NS) {
      return 0;
    }
    long since = of.count - of.told;
    of.told = of.count;
    of.atNs = nowNs;
    return since;
  }

  /** Those that happened. */
  synchronized Map<String, Long> counts() {
    Map<String, Long> found = new TreeMap<>();
    causes.forEach((cause, of) -> found.put(cause.label, of.count));
    return found;
  }
}
