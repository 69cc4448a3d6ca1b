// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A mapping in two steps that grows, shrinks, and is linked anew in the middle. On ops that reserve
 * no addresses each range is mapped by itself, as the contract of {@link IbDma#iovaTryAlloc} says.
 */
final class StressRanges implements StressKind {
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;
  private static final int MAX_RANGES = StressBytes.MAX_BYTES / PAGE + 1;
  private static final int MAX_PAGES = 3;

  private final SplittableRandom random;
  private final DmaIova state = new DmaIova();
  private final int[] patterns = new int[MAX_RANGES];

  /** Of each range in the memory; one more than ranges. */
  private final long[] starts = new long[MAX_RANGES + 1];

  /** Of ranges that are mapped by themselves. */
  private final long[] addresses = new long[MAX_RANGES];

  private int ranges;
  private int linked;
  private DmaDirection direction = DmaDirection.NONE;
  private @Nullable StressDevice device;
  private @Nullable DmaMemory memory;

  StressRanges(SplittableRandom random) {
    this.random = random;
  }

  private IbDma dma() {
    if (device == null) {
      throw new IllegalStateException("not mapped");
    }
    return device.dma();
  }

  private DmaMemory memory() {
    if (memory == null) {
      throw new IllegalStateException("not mapped");
    }
    return memory;
  }

  @Override
  public boolean map(StressDevice on, DmaMemory of) {
    device = on;
    memory = of;
    direction = StressSlot.DIRECTIONS[random.nextInt(StressSlot.DIRECTIONS.length)];
    split(of);
    dma().iovaTryAlloc(state, of, starts[0], starts[ranges] - starts[0]);
    linked = 0;
    grow(1 + random.nextInt(ranges));
    if (linked == 0) {
      end();
    }
    return linked > 0;
  }

  /** Ranges begin and end with a page, but for the start of the first and the end of the last. */
  private void split(DmaMemory of) {
    long at = random.nextLong(of.size());
    starts[0] = at;
    ranges = 0;
    while (at < of.size()) {
      long inPage = (of.segment().address() + at) % PAGE;
      at = Math.min(of.size(), at - inPage + (1L + random.nextInt(MAX_PAGES)) * PAGE);
      starts[++ranges] = at;
    }
  }

  private long bytes(int first, int after) {
    return starts[after] - starts[first];
  }

  private long address(int i) {
    return state.isInUse() ? state.address() + bytes(0, i) : addresses[i];
  }

  // ---- growing and shrinking

  /** Links up to so many; fewer if there is no room. */
  private void grow(int wanted) {
    int first = linked;
    while (linked < wanted && link(linked)) {
      linked++;
    }
    show(first, linked);
  }

  private boolean link(int i) {
    write(i);
    if (state.isInUse()) {
      return dma().iovaLink(state, bytes(0, i), memory(), starts[i], bytes(i, i + 1), direction);
    }
    addresses[i] = dma().mapSingle(memory(), starts[i], bytes(i, i + 1), direction);
    return !dma().mappingError(addresses[i]);
  }

  private void show(int first, int after) {
    if (state.isInUse()
        && first < after
        && !dma().iovaSync(state, bytes(0, first), bytes(first, after))) {
      throw new StressFailure("iovaSync of " + state + " failed on " + device);
    }
  }

  private void unlink(int first, int after) {
    if (first == after) {
      return;
    }
    if (state.isInUse()) {
      dma().iovaUnlink(state, bytes(0, first), bytes(first, after), direction);
    } else {
      for (int i = first; i < after; i++) {
        dma().unmapSingle(addresses[i], bytes(i, i + 1), direction);
      }
    }
    for (int i = first; i < after; i++) {
      verify(i);
    }
  }

  /** Links ranges in the middle anew; what is behind them goes too if there is no room. */
  private void renew(int first, int after) {
    unlink(first, after);
    int done = first;
    while (done < after && link(done)) {
      done++;
    }
    show(first, done);
    if (done < after) {
      unlink(after, linked);
      linked = done;
    }
  }

  // ---- the CPU's side

  private void write(int i) {
    patterns[i] = random.nextInt(StressBytes.PATTERNS);
    StressBytes.fill(memory().segment(), starts[i], bytes(i, i + 1), patterns[i]);
  }

  private void verify(int i) {
    StressBytes.verify(memory().segment(), starts[i], bytes(i, i + 1), patterns[i], this);
  }

  /** Grows, shrinks, links anew, or lets the CPU look at a range. */
  @Override
  public void sync() {
    switch (random.nextInt(4)) {
      case 0 -> grow(Math.min(ranges, linked + 1 + random.nextInt(2)));
      case 1 -> {
        int fewer = random.nextInt(linked + 1);
        unlink(fewer, linked);
        linked = fewer;
      }
      case 2 -> {
        int first = random.nextInt(linked + 1);
        renew(first, first + random.nextInt(linked - first + 1));
      }
      default -> {
        if (linked > 0) {
          touch(random.nextInt(linked));
        }
      }
    }
  }

  private void touch(int i) {
    dma().syncSingleForCpu(address(i), bytes(i, i + 1), direction);
    verify(i);
    if (direction != DmaDirection.FROM_DEVICE) {
      write(i);
    }
    dma().syncSingleForDevice(address(i), bytes(i, i + 1), direction);
  }

  @Override
  public void unmap() {
    int was = linked;
    linked = 0;
    if (state.isInUse() && random.nextBoolean()) {
      dma().iovaDestroy(state, bytes(0, was), direction);
      for (int i = 0; i < was; i++) {
        verify(i);
      }
    } else {
      unlink(0, was);
      end();
    }
    if (state.isInUse()) {
      throw new StressFailure(state + " is in use after its end on " + device);
    }
  }

  private void end() {
    if (state.isInUse()) {
      dma().iovaFree(state);
    }
  }

  @Override
  public String toString() {
    return "ranges, %s on %s, of %s".formatted(direction, device, memory);
  }
}
