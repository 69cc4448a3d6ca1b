// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.tools.internal.PerfOptions.Operation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Checks the data of a measurement, which perftest itself does not: bytes that came, against the
 * pattern in which both ends fill their memory; numbers that were added to, against how often.
 */
final class PerfCheck {
  private final PerfEnd end;
  private final PerfLane lane;
  private final PerfOptions options;
  private final long[] numbers;

  PerfCheck(PerfEnd end, PerfLane lane) {
    this.end = end;
    this.lane = lane;
    this.options = end.options;
    this.numbers = new long[end.terms.slots(PerfOptions.ATOMIC_BYTES)];
  }

  /** Where something comes to, before anything is done to its memory. */
  void remember() {
    boolean reached = options.bidirectional || !options.isClient();
    if (options.operation == Operation.ATOMIC && reached) {
      for (int slot = 0; slot < numbers.length; slot++) {
        numbers[slot] = number(lane.target.segment(), slot);
      }
    }
  }

  private long number(MemorySegment memory, int slot) {
    return memory.get(
        ValueLayout.JAVA_LONG_UNALIGNED, end.terms.offset(PerfOptions.ATOMIC_BYTES, slot));
  }

  /** At the client of ATOMIC, before and after: asks for the numbers by adding nothing to them. */
  private long[] fetch(int slots) throws ToolException {
    PerfClock never = new PerfClock(0);
    for (int slot = 0; slot < slots; slot++) {
      end.postAdd(lane, end.terms.offset(PerfOptions.ATOMIC_BYTES, slot), 0, true);
      end.next(PerfOptions.ATOMIC_BYTES, never);
    }
    lane.source.forCpu();
    long[] fetched = new long[slots];
    for (int slot = 0; slot < slots; slot++) {
      fetched[slot] = number(lane.source.segment(), slot);
    }
    lane.source.forDevice();
    return fetched;
  }

  private int slotsInUse() {
    return options.latency ? 1 : Math.min(numbers.length, options.iterations);
  }

  /** At the client, before it begins. */
  void before() throws ToolException {
    if (options.operation == Operation.ATOMIC && options.durationS == 0) {
      System.arraycopy(fetch(slotsInUse()), 0, numbers, 0, slotsInUse());
    }
  }

  /** At the client, when it is done; what can be said of the data. */
  String client() throws ToolException {
    return switch (options.operation) {
      case WRITE -> options.latency ? written() : "the server's to check";
      case SEND ->
          options.latency ? pattern(lane.target, end.headBytes()) : "the server's to check";
      case READ -> pattern(lane.source, 0);
      case ATOMIC -> options.durationS > 0 ? "not checked with -D" : fetchedAgain();
    };
  }

  /** At the server, when all is done. */
  String server() throws ToolException {
    return switch (options.operation) {
      case WRITE -> options.latency ? written() : pattern(lane.target, 0);
      case SEND -> pattern(lane.target, end.headBytes());
      case READ -> "the client's to check";
      case ATOMIC -> added(options.iterations);
    };
  }

  /** At both ends of what goes both ways, when all is done. */
  String both() throws ToolException {
    return options.operation == Operation.READ ? client() : server();
  }

  private String fetchedAgain() throws ToolException {
    int slots = slotsInUse();
    long[] now = fetch(slots);
    for (int slot = 0; slot < slots; slot++) {
      long wanted = options.latency ? options.iterations : countOf(slot);
      checkCount(slot, now[slot] - numbers[slot], wanted);
    }
    return options.iterations + " additions to " + slots + " numbers found again";
  }

  /** How often the operations of a bandwidth test come to a slot. */
  private long countOf(int slot) {
    return (options.iterations - slot + numbers.length - 1L) / numbers.length;
  }

  private static void checkCount(int slot, long is, long wanted) throws ToolException {
    if (is != wanted) {
      throw new ToolException(
          "number %d was added to %d times instead of %d".formatted(slot, is, wanted));
    }
  }

  private String added(long iterations) throws ToolException {
    lane.target.forCpu();
    long sum = 0;
    for (int slot = 0; slot < numbers.length; slot++) {
      sum += number(lane.target.segment(), slot) - numbers[slot];
    }
    if (options.durationS > 0) {
      return sum + " additions came";
    }
    if (sum != iterations) {
      throw new ToolException(
          "%d additions came instead of %d; give both ends the same -n".formatted(sum, iterations));
    }
    return sum + " additions found in memory";
  }

  /** The last byte counts, the others are 0, as both ends fill theirs. */
  private String written() throws ToolException {
    lane.target.forCpu();
    MemorySegment memory = lane.target.segment();
    int size = end.sizeBytes;
    for (int i = 0; i < size - 1; i++) {
      byte is = memory.get(ValueLayout.JAVA_BYTE, i);
      // With several sizes each has left its last byte.
      if (is != 0 && !options.isAll()) {
        throw new ToolException(
            "data mismatch at byte %d of %d: 0x%02x instead of 0".formatted(i, size, is));
      }
    }
    return size + "[B] as written";
  }

  private String pattern(Region region, int from) throws ToolException {
    if (end.sizeBytes < PerfPattern.LEAST_BYTES) {
      return "not checked, fewer than " + PerfPattern.LEAST_BYTES + "[B]";
    }
    region.forCpu();
    long wrong = PerfPattern.firstWrong(region.segment().asSlice(from, end.sizeBytes));
    if (wrong >= 0) {
      throw new ToolException(
          "data mismatch at byte %d of %d: it is not what perftest fills its memory with"
              .formatted(wrong, end.sizeBytes));
    }
    return end.sizeBytes + "[B] as the peer fills its memory";
  }
}
