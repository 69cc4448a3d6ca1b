// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Tells which maps fail: for each device and cause the first one, and then one in {@link
 * #QUIET_NS}, with the number of those that were not told. Thread-safe; never blocks on the log but
 * for the line it writes.
 */
final class FailureLog {
  static final long QUIET_NS = TimeUnit.SECONDS.toNanos(10);

  /** A device and a cause; there are few of each. */
  private record Kind(String device, MapFailure cause) {}

  /** When a kind was told last, and what was not told since. */
  private static final class Told {
    private long atNs;
    private long since = -1;

    /** Failures to tell, this one included; 0 to be quiet. */
    synchronized long next(long nowNs) {
      since++;
      if (since > 0 && nowNs - atNs < QUIET_NS) {
        return 0;
      }
      long telling = Math.max(1, since);
      atNs = nowNs;
      since = 0;
      return telling;
    }
  }

  private final Map<Kind, Told> kinds = new ConcurrentHashMap<>();
  private final Consumer<String> log;
  private final LongSupplier clockNs;

  FailureLog(Consumer<String> log, LongSupplier clockNs) {
    this.log = log;
    this.clockNs = clockNs;
  }

  void failed(DmaDomain domain, String owner, long sizeBytes) {
    String device = domain.device().name();
    MapFailure cause = domain.lastFailure();
    long told =
        kinds
            .computeIfAbsent(new Kind(device, cause), kind -> new Told())
            .next(clockNs.getAsLong());
    if (told > 0) {
      String more = told > 1 ? ", %d times since the last line".formatted(told) : "";
      log.accept(
          "mapping %d bytes on %s for %s failed: %s%s"
              .formatted(sizeBytes, device, owner, cause.words(), more));
    }
  }
}
