// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.cpuReads;
import static ib.dma.tck.Scratch.cpuWrites;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many operations in an order that a seed gives, against a model that is a list. */
final class StressCases {
  private static final int MOST_LIVE = 64;
  private static final int MEMORIES = 4;
  private static final int MEMORY_BYTES = 16 * PAGE;
  private static final DmaDirection[] DIRECTIONS = {
    DmaDirection.TO_DEVICE, DmaDirection.FROM_DEVICE, DmaDirection.BIDIRECTIONAL
  };

  private StressCases() {}

  private record Live(
      long address, DmaMemory memory, int offset, int length, DmaDirection direction) {
    boolean overlaps(DmaMemory other, int from, int bytes) {
      return memory.equals(other) && from < offset + length && offset < from + bytes;
    }
  }

  static void random(Scratch s) {
    new Sequence(s, s.options.seed()).run(s.options.steps());
    s.checkUsage(DmaUsage.NONE, "after everything was unmapped");
  }

  static void concurrent(Scratch s) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(s.options.threads());
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < s.options.threads(); i++) {
        Sequence sequence = new Sequence(s, s.options.seed() + i);
        running.add(threads.submit(() -> sequence.run(s.options.steps())));
      }
      for (Future<?> future : running) {
        await(future);
      }
    } finally {
      threads.shutdownNow();
    }
    s.checkUsage(DmaUsage.NONE, "after all threads unmapped everything");
  }

  private static void await(Future<?> future) throws InterruptedException {
    try {
      future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof CaseFailure failure) {
        throw failure;
      }
      throw new CaseFailure("a thread ended with " + e.getCause());
    }
  }

  /** One thread's operations, on memory of its own. */
  private static final class Sequence {
    private final Scratch s;
    private final Random random;
    private final List<DmaMemory> memories = new ArrayList<>();
    private final List<Live> live = new ArrayList<>();

    Sequence(Scratch s, long seed) {
      this.s = s;
      this.random = new Random(seed);
      for (int i = 0; i < MEMORIES; i++) {
        memories.add(i % 2 == 0 ? s.pooled(MEMORY_BYTES) : s.foreign(MEMORY_BYTES));
      }
    }

    void run(int steps) {
      for (int step = 0; step < steps; step++) {
        if (live.isEmpty() || (live.size() < MOST_LIVE && random.nextBoolean())) {
          map(step);
        } else {
          Live mapping = live.get(random.nextInt(live.size()));
          transfer(mapping, step);
          if (random.nextBoolean()) {
            live.remove(mapping);
            s.dma.unmapSingle(mapping.address, mapping.length, mapping.direction);
          }
        }
      }
      live.forEach(
          mapping -> s.dma.unmapSingle(mapping.address, mapping.length, mapping.direction));
      for (DmaMemory memory : memories) {
        check(s.isUnpinned(memory), "%d pins are left at %s", memory.pinCount(), memory);
      }
    }

    private void map(int step) {
      DmaMemory memory = memories.get(random.nextInt(MEMORIES));
      int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 3 * PAGE : 200);
      int offset = random.nextInt(MEMORY_BYTES - length);
      if (live.stream().anyMatch(mapping -> mapping.overlaps(memory, offset, length))) {
        return; // two mappings of the same bytes would tell nothing apart
      }
      DmaDirection direction = DIRECTIONS[random.nextInt(DIRECTIONS.length)];
      cpuWrites(memory, offset, pattern(length, step));
      long address = s.dma.mapSingle(memory, offset, length, direction);
      if (s.dma.mappingError(address)) {
        return;
      }
      if (s.guarantees(DmaGuarantee.BOUNDS)) {
        for (Live other : live) {
          check(
              address + length <= other.address || other.address + other.length <= address,
              "step %d: 0x%x, %d bytes, overlaps 0x%x, %d bytes",
              step,
              address,
              length,
              other.address,
              other.length);
        }
      }
      live.add(new Live(address, memory, offset, length, direction));
    }

    private void transfer(Live mapping, int step) {
      int part = 1 + random.nextInt(mapping.length);
      int from = random.nextInt(mapping.length - part + 1);
      byte[] bytes = pattern(part, step);
      if (mapping.direction.deviceMayRead()) {
        s.dma.syncSingleForCpu(mapping.address, mapping.length, mapping.direction);
        cpuWrites(mapping.memory, (long) mapping.offset + from, bytes);
        s.dma.syncSingleRangeForDevice(mapping.address, from, part, mapping.direction);
        checkBytes(
            s.deviceReads(mapping.address + from, part), bytes, "step " + step + ", device reads");
      } else {
        s.deviceWrites(mapping.address + from, bytes);
        s.dma.syncSingleRangeForCpu(mapping.address, from, part, mapping.direction);
        checkBytes(
            cpuReads(mapping.memory, (long) mapping.offset + from, part),
            bytes,
            "step " + step + ", CPU reads");
      }
    }
  }
}
