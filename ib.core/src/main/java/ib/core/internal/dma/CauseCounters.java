// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** A counter for each constant of an enum. Thread-safe. */
final class CauseCounters<E extends Enum<E>> {
  private final Class<E> causes;
  private final Map<E, LongAdder> counters;

  CauseCounters(Class<E> causes) {
    this.causes = causes;
    this.counters = new EnumMap<>(causes);
    for (E cause : causes.getEnumConstants()) {
      counters.put(cause, new LongAdder());
    }
  }

  void count(E cause) {
    LongAdder counter = counters.get(cause);
    if (counter != null) {
      counter.increment();
    }
  }

  /** Counts that are not 0. */
  Map<E, Long> snapshot() {
    Map<E, Long> counts = new EnumMap<>(causes);
    counters.forEach(
        (cause, counter) -> {
          long count = counter.sum();
          if (count != 0) {
            counts.put(cause, count);
          }
        });
    return counts;
  }
}
