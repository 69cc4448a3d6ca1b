// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import java.util.ArrayList;
import java.util.List;

/**
 * What a run found.
 *
 * @param readings after each epoch; the first before any operation
 * @param failure what was not as promised, empty if all was
 * @param leftOver counted by core at the detach of all devices, before it reclaimed
 * @param firstReport the first of debug, empty if there is none
 */
record StressResult(
    List<StressReading> readings, String failure, long leftOver, String firstReport) {
  /** The heap may be that much larger at the end than at the beginning: caches, the JIT's data. */
  private static final long HEAP_SLACK_BYTES = 4 << 20;

  /** What is wrong; empty if nothing is. */
  List<String> problems() {
    List<String> found = new ArrayList<>();
    if (!failure.isEmpty()) {
      found.add(failure);
    }
    StressReading first = readings.getFirst();
    StressReading last = readings.getLast();
    if (last.reports() != 0) {
      found.add(last.reports() + " reports of DMA debug, first: " + firstReport);
    }
    if (last.unwatched() != 0) {
      found.add(last.unwatched() + " mappings were not watched");
    }
    if (last.live() != first.live()) {
      found.add("live mappings went from " + first.live() + " to " + last.live());
    }
    if (last.poolBytes() > first.poolBytes()) {
      found.add("pool memory went from " + first.poolBytes() + " to " + last.poolBytes());
    }
    if (leftOver != 0) {
      found.add(leftOver + " mappings were left over at detach");
    }
    if (heapGrowthBytes() > HEAP_SLACK_BYTES) {
      found.add("the heap grew by " + (heapGrowthBytes() >> 10) + " KiB");
    }
    return found;
  }

  /** Median of the last quarter less that of the first, without the reading before the start. */
  long heapGrowthBytes() {
    List<StressReading> after = readings.subList(1, readings.size());
    int quarter = Math.max(1, after.size() / 4);
    return after.isEmpty()
        ? 0
        : median(after.subList(after.size() - quarter, after.size()))
            - median(after.subList(0, quarter));
  }

  private static long median(List<StressReading> of) {
    return of.stream()
        .mapToLong(StressReading::heapBytes)
        .sorted()
        .skip(of.size() / 2)
        .findFirst()
        .orElseThrow();
  }

  String text() {
    StressReading last = readings.getLast();
    StringBuilder text = new StringBuilder();
    text.append(
        "%d operations, %d without room; heap %+d KiB; %d live, %d left over; %d reports%n"
            .formatted(
                last.operations(),
                last.refusals(),
                heapGrowthBytes() >> 10,
                last.live() - readings.getFirst().live(),
                leftOver,
                last.reports()));
    List<String> problems = problems();
    text.append(problems.isEmpty() ? "All is well." : "NOT WELL: " + String.join("; ", problems));
    return text.toString();
  }
}
