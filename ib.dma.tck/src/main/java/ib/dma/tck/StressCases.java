// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.tck.Live.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Many operations of all families in an order that a seed gives, against a model: what lives, where
 * its bytes are, and what the books must say of it.
 */
final class StressCases {
  private static final int MOST_LIVE = 64;
  private static final int MEMORIES = 4;
  private static final int MEMORY_PAGES = 16;
  private static final int BOOKS_EACH = 50;
  private static final DmaDirection[] DIRECTIONS = {
    DmaDirection.TO_DEVICE, DmaDirection.FROM_DEVICE, DmaDirection.BIDIRECTIONAL
  };

  private StressCases() {}

  static void random(Scratch s) {
    new Sequence(s, s.options.seed(), true).run(s.options.steps());
    s.checkUsage(DmaUsage.NONE, "after everything was unmapped");
  }

  static void concurrent(Scratch s) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(s.options.threads());
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < s.options.threads(); i++) {
        Sequence sequence = new Sequence(s, s.options.seed() + i, false);
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
    private final boolean alone;
    private final List<DmaMemory> memories = new ArrayList<>();
    private final List<Live> live = new ArrayList<>();

    Sequence(Scratch s, long seed, boolean alone) {
      this.s = s;
      this.random = new Random(seed);
      this.alone = alone;
      long bytes = (long) MEMORY_PAGES * PAGE;
      for (int i = 0; i < MEMORIES; i++) {
        memories.add(i % 2 == 0 ? s.pooled(bytes) : s.foreign(bytes));
      }
    }

    void run(int steps) {
      for (int step = 0; step < steps; step++) {
        if (live.isEmpty() || (live.size() < MOST_LIVE && random.nextBoolean())) {
          map(step);
        } else {
          use(live.get(random.nextInt(live.size())), step);
        }
        if (alone && step % BOOKS_EACH == 0) {
          checkBooks(step);
        }
      }
      live.forEach(Live::unmap);
      for (DmaMemory memory : memories) {
        check(s.isUnpinned(memory), "%d pins are left at %s", memory.pinCount(), memory);
      }
    }

    private void checkBooks(int step) {
      DmaUsage sum = DmaUsage.NONE;
      for (Live mapping : live) {
        DmaUsage one = mapping.usage();
        sum =
            new DmaUsage(
                sum.mappings() + one.mappings(),
                sum.sgEntries() + one.sgEntries(),
                sum.coherent() + one.coherent(),
                sum.bytes() + one.bytes());
      }
      s.checkUsage(sum, "at step " + step);
    }

    private void map(int step) {
      DmaDirection direction = DIRECTIONS[random.nextInt(DIRECTIONS.length)];
      Live mapping = any(direction);
      // Two mappings of the same bytes would tell nothing apart.
      if (mapping == null || overlapsItself(mapping) || live.stream().anyMatch(mapping::overlaps)) {
        return;
      }
      mapping.cpuWritesAll(pattern(mapping.length, step));
      if (!mapping.map()) {
        return;
      }
      if (s.guarantees(DmaGuarantee.BOUNDS)) {
        for (Live other : live) {
          check(!mapping.meets(other), "step %d: %s meets %s", step, mapping, other);
        }
      }
      live.add(mapping);
    }

    private static boolean overlapsItself(Live mapping) {
      for (int i = 0; i < mapping.spans.size(); i++) {
        for (int j = 0; j < i; j++) {
          if (mapping.spans.get(i).overlaps(mapping.spans.get(j))) {
            return true;
          }
        }
      }
      return false;
    }

    private @Nullable Live any(DmaDirection direction) {
      return switch (random.nextInt(8)) {
        case 0 -> LiveKinds.Coherent.of(s, 1 + random.nextInt(2 * PAGE));
        case 1, 2 -> new LiveKinds.Sg(s, spans(), direction);
        case 3 -> new LiveKinds.TwoStep(s, alignedSpans(), direction);
        case 4 -> new LiveKinds.Page(s, inOnePage(), direction);
        default -> new LiveKinds.Single(s, anySpan(), direction);
      };
    }

    private DmaMemory anyMemory() {
      return memories.get(random.nextInt(MEMORIES));
    }

    private Span anySpan() {
      int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 3 * PAGE : 200);
      return new Span(anyMemory(), random.nextInt(MEMORY_PAGES * PAGE - length), length);
    }

    private Span inOnePage() {
      int length = 1 + random.nextInt(random.nextInt(4) == 0 ? PAGE : 200);
      int inPage = random.nextInt(PAGE - length + 1);
      return new Span(anyMemory(), random.nextInt(MEMORY_PAGES) * PAGE + inPage, length);
    }

    /** Some of them whole pages that follow one another, so that there is something to merge. */
    private List<Span> spans() {
      List<Span> spans = new ArrayList<>();
      int count = 1 + random.nextInt(4);
      if (random.nextBoolean()) {
        DmaMemory memory = anyMemory();
        int first = random.nextInt(MEMORY_PAGES - count);
        for (int i = 0; i < count; i++) {
          spans.add(new Span(memory, (first + i) * PAGE, PAGE));
        }
      } else {
        for (int i = 0; i < count; i++) {
          spans.add(anySpan());
        }
      }
      return spans;
    }

    /** The first may begin and the last may end anywhere, all else is whole pages. */
    private List<Span> alignedSpans() {
      List<Span> spans = new ArrayList<>();
      int count = 1 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        int begin = i == 0 ? random.nextInt(PAGE) : 0;
        int end = i == count - 1 ? begin + 1 + random.nextInt(PAGE - begin) : PAGE;
        int page = random.nextInt(MEMORY_PAGES) * PAGE;
        spans.add(new Span(anyMemory(), page + begin, end - begin));
      }
      return spans;
    }

    private void use(Live mapping, int step) {
      int part = 1 + random.nextInt(mapping.length);
      int from = random.nextInt(mapping.length - part + 1);
      byte[] bytes = pattern(part, step);
      String when = "step " + step;
      boolean fromCpu = mapping.direction.deviceMayRead();
      if (mapping.direction.deviceMayWrite() && (!fromCpu || random.nextBoolean())) {
        if (random.nextBoolean()) {
          live.remove(mapping);
          mapping.deviceWritesAndUnmaps(from, bytes, when);
        } else {
          mapping.deviceToCpu(from, bytes, when);
        }
      } else {
        mapping.cpuToDevice(from, bytes, when);
        if (random.nextBoolean()) {
          live.remove(mapping);
          mapping.unmap();
        }
      }
    }
  }
}
