// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Some memory, and what is mapped of it: every step is one that the contract allows, and what the
 * CPU then sees is compared with what it must. One thread.
 */
final class StressSlot {
  private enum State {
    FREE,
    SINGLE,
    PAGE,
    LIST,
    COHERENT,
    BLOCKS,
    RANGES
  }

  private static final int MAX_SHIFT = 16;
  private static final int MAX_ENTRIES = 8;
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;
  private static final int FOREIGN_OF = 16;
  private static final int SKIPS_OF = 16;
  private static final int NO_PATTERN = -1;
  static final DmaDirection[] DIRECTIONS = {
    DmaDirection.TO_DEVICE, DmaDirection.FROM_DEVICE, DmaDirection.BIDIRECTIONAL
  };

  private final DmaMemoryPool pool;
  private final SplittableRandom random;
  private final ScatterList list = new ScatterList(MAX_ENTRIES);
  private final StressBlocks blocks;
  private final StressRanges ranges;
  private DmaMemory memory;
  private State state = State.FREE;
  private @Nullable StressDevice device;
  private DmaDirection direction = DmaDirection.NONE;
  private long address;
  private long offset;
  private long length;
  private int entries;
  private int pattern;
  private @Nullable DmaCoherent coherent;

  StressSlot(DmaMemoryPool pool, SplittableRandom random) {
    this.pool = pool;
    this.random = random;
    this.blocks = new StressBlocks(random.split());
    this.ranges = new StressRanges(random.split());
    this.memory = pool.allocate(size());
  }

  private long size() {
    return Math.max(2, random.nextLong(1L << (1 + random.nextInt(MAX_SHIFT))));
  }

  boolean isMapped() {
    return state != State.FREE;
  }

  // ---- free

  /** Takes other memory: of the pool, or, now and then, foreign. */
  void renew() {
    // What was unmapped lazily stays pinned a little longer; closing waits for that by itself.
    memory.close();
    memory =
        random.nextInt(FOREIGN_OF) == 0
            ? DmaMemory.ofForeign(Arena.ofAuto().allocate(size()))
            : pool.allocate(size());
  }

  /** Ends the slot. */
  void close() {
    if (isMapped()) {
      unmap();
    }
    memory.close();
  }

  /** Maps something of it for a device; false if there was no room. */
  boolean map(StressDevice on) {
    device = on;
    direction = DIRECTIONS[random.nextInt(DIRECTIONS.length)];
    State next = State.values()[1 + random.nextInt(State.values().length - 1)];
    boolean mapped =
        switch (next) {
          case SINGLE -> mapSingle(on.dma());
          case PAGE -> mapPage(on.dma());
          case LIST -> mapList(on.dma());
          case COHERENT -> allocate(on.dma());
          case BLOCKS -> blocks.map(on, memory);
          case RANGES -> ranges.map(on, memory);
          case FREE -> throw new IllegalStateException();
        };
    if (mapped) {
      state = next;
    }
    return mapped;
  }

  private boolean mapSingle(IbDma dma) {
    offset = random.nextLong(memory.size());
    length = 1 + random.nextLong(memory.size() - offset);
    write();
    boolean skips = random.nextInt(SKIPS_OF) == 0;
    address =
        dma.mapSingle(
            memory,
            offset,
            length,
            direction,
            skips ? DmaAttributes.SKIP_CPU_SYNC : DmaAttributes.NONE);
    if (dma.mappingError(address)) {
      return false;
    }
    if (skips) {
      dma.syncSingleForDevice(address, length, direction);
      if (direction == DmaDirection.FROM_DEVICE) {
        // Nothing was copied to a stand-in, and nothing is when it is the device's to write.
        pattern = NO_PATTERN;
      }
    }
    return true;
  }

  private boolean mapPage(IbDma dma) {
    long page = random.nextLong((memory.size() + PAGE - 1) / PAGE);
    int most = (int) Math.min(PAGE, memory.size() - page * PAGE);
    int inPage = random.nextInt(most);
    offset = page * PAGE + inPage;
    length = 1 + random.nextInt(most - inPage);
    write();
    address = dma.mapPage(memory, page, inPage, (int) length, direction);
    return !dma.mappingError(address);
  }

  private boolean mapList(IbDma dma) {
    list.clear();
    long at = 0;
    entries = 0;
    newPattern();
    while (entries < MAX_ENTRIES && at < memory.size()) {
      long bytes = 1 + random.nextLong(Math.min(memory.size() - at, 3 * PAGE));
      list.add(memory, at, bytes);
      fill(at, bytes);
      entries++;
      at += bytes;
      at = random.nextBoolean() ? at : (at + PAGE - 1) / PAGE * PAGE;
    }
    return dma.mapSg(list, entries, direction) > 0;
  }

  private boolean allocate(IbDma dma) {
    length = 1 + random.nextLong(1L << random.nextInt(MAX_SHIFT));
    DmaCoherent allocated = dma.allocCoherent(length);
    coherent = allocated;
    if (allocated == null) {
      return false;
    }
    MemorySegment bytes = allocated.memory().segment();
    if (!StressBytes.isZero(bytes.asSlice(0, length))) {
      throw new StressFailure("coherent memory of " + device + " is not zeroed");
    }
    newPattern();
    StressBytes.fill(bytes, 0, length, pattern);
    return true;
  }

  // ---- mapped

  /** Lets the CPU look at it, and write to it if it may, and gives it back to the device. */
  void sync() {
    IbDma dma = dma();
    switch (state) {
      case SINGLE, PAGE -> {
        if (random.nextBoolean()) {
          dma.syncSingleForCpu(address, length, direction);
          touch();
          dma.syncSingleForDevice(address, length, direction);
        } else {
          syncPart(dma);
        }
      }
      case LIST -> {
        dma.syncSgForCpu(list, entries, direction);
        touch();
        dma.syncSgForDevice(list, entries, direction);
      }
      case COHERENT -> verifyCoherent();
      case BLOCKS -> blocks.sync();
      case RANGES -> ranges.sync();
      case FREE -> throw new IllegalStateException();
    }
  }

  /** Part by part, as rings do. */
  private void syncPart(IbDma dma) {
    long first = random.nextLong(length);
    long bytes = 1 + random.nextLong(length - first);
    dma.syncSingleRangeForCpu(address, first, bytes, direction);
    verify(offset + first, bytes);
    dma.syncSingleRangeForDevice(address, first, bytes, direction);
  }

  private void touch() {
    verifyAll();
    if (direction != DmaDirection.FROM_DEVICE) {
      newPattern();
      fillAll();
    }
  }

  void unmap() {
    IbDma dma = dma();
    State was = state;
    state = State.FREE;
    switch (was) {
      case SINGLE -> dma.unmapSingle(address, length, direction);
      case PAGE -> dma.unmapPage(address, (int) length, direction);
      case LIST -> dma.unmapSg(list, entries, direction);
      case COHERENT -> free(dma);
      case BLOCKS -> blocks.unmap();
      case RANGES -> ranges.unmap();
      case FREE -> throw new IllegalStateException();
    }
    if (was == State.LIST) {
      verifyList();
    } else if (was == State.SINGLE || was == State.PAGE) {
      verify(offset, length);
    }
  }

  private void free(IbDma dma) {
    verifyCoherent();
    DmaCoherent allocated = coherent;
    if (allocated != null) {
      dma.freeCoherent(allocated);
    }
    coherent = null;
  }

  private IbDma dma() {
    StressDevice on = device;
    if (on == null) {
      throw new IllegalStateException("not mapped");
    }
    return on.dma();
  }

  // ---- contents

  private void newPattern() {
    pattern = random.nextInt(StressBytes.PATTERNS);
  }

  private void write() {
    newPattern();
    fill(offset, length);
  }

  private void fill(long at, long bytes) {
    StressBytes.fill(memory.segment(), at, bytes, pattern);
  }

  private void fillAll() {
    if (state != State.LIST) {
      fill(offset, length);
      return;
    }
    for (int i = 0; i < entries; i++) {
      fill(list.offset(i), list.length(i));
    }
  }

  private void verifyAll() {
    if (state == State.LIST) {
      verifyList();
    } else {
      verify(offset, length);
    }
  }

  private void verifyList() {
    for (int i = 0; i < entries; i++) {
      verify(list.offset(i), list.length(i));
    }
  }

  private void verify(long at, long bytes) {
    compare(memory.segment(), at, bytes);
  }

  private void verifyCoherent() {
    DmaCoherent allocated = coherent;
    if (allocated != null) {
      compare(allocated.memory().segment(), 0, length);
    }
  }

  private void compare(MemorySegment bytes, long at, long count) {
    if (pattern != NO_PATTERN) {
      StressBytes.verify(bytes, at, count, pattern, this);
    }
  }

  /** Memory could not be had; the caller goes on with what there is. */
  boolean tryRenew() {
    try {
      renew();
      return true;
    } catch (DmaMemoryExhaustedException e) {
      memory = pool.allocate(1);
      return false;
    }
  }

  @Override
  public String toString() {
    return "%s, %s on %s, of %s".formatted(state, direction, device, memory);
  }
}
