// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What was found on all devices: counts of all, the latest reports, and some lines in the log.
 * Bounded; thread-safe.
 */
final class Findings {
  /** Lines in the log in each {@link #LOG_INTERVAL_NS}. */
  static final int LOG_LINES = 10;

  static final long LOG_INTERVAL_NS = TimeUnit.SECONDS.toNanos(10);

  private static final int MAX_FIRSTS = 4096;

  private record Kind(String device, DmaMisuse misuse) {}

  private record First(DmaMisuse misuse, String device, String owner) {}

  private final Consumer<String> log;
  private final LongSupplier clockNs;
  private final Map<Kind, AtomicLong> counts = new ConcurrentHashMap<>();
  private final AtomicLong total = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final Deque<DmaReport> latest = new ArrayDeque<>();
  private final Set<First> firsts = new HashSet<>();
  private long intervalBegan;
  private int linesInInterval;
  private long silenced;

  Findings(Consumer<String> log, LongSupplier clockNs) {
    this.log = log;
    this.clockNs = clockNs;
    intervalBegan = clockNs.getAsLong();
  }

  void add(DmaReport report, DebugSettings settings) {
    counts
        .computeIfAbsent(new Kind(report.device(), report.misuse()), _ -> new AtomicLong())
        .incrementAndGet();
    total.incrementAndGet();
    String line = null;
    synchronized (latest) {
      First first = new First(report.misuse(), report.device(), report.owner());
      boolean isFirst = firsts.size() < MAX_FIRSTS && firsts.add(first);
      if (settings.firstOnly() && !isFirst) {
        return;
      }
      latest.addLast(report);
      while (latest.size() > settings.maxReports()) {
        latest.removeFirst();
      }
      if (mayLog()) {
        line = silenced == 0 ? report.toString() : report + " (" + silenced + " more not logged)";
        silenced = 0;
      } else {
        silenced++;
      }
    }
    if (line != null) {
      log.accept(line);
    }
  }

  private boolean mayLog() {
    long now = clockNs.getAsLong();
    if (now - intervalBegan >= LOG_INTERVAL_NS) {
      intervalBegan = now;
      linesInInterval = 0;
    }
    return linesInInterval++ < LOG_LINES;
  }

  void drop() {
    dropped.incrementAndGet();
  }

  List<DmaReport> reports() {
    synchronized (latest) {
      return List.copyOf(latest);
    }
  }

  long count(String device, DmaMisuse misuse) {
    AtomicLong of = counts.get(new Kind(device, misuse));
    return of == null ? 0 : of.get();
  }

  long total() {
    return total.get();
  }

  long dropped() {
    return dropped.get();
  }

  void clear() {
    synchronized (latest) {
      latest.clear();
      firsts.clear();
    }
    counts.clear();
    total.set(0);
    dropped.set(0);
  }
}
