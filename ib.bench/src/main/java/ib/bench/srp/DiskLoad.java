// SPDX-License-Identifier: Apache-2.0
package ib.bench.srp;

import ib.bench.BenchException;
import ib.bench.runtime.BenchHost;
import ib.bench.runtime.Rate;
import ib.block.BlockCompletion;
import ib.block.BlockDevice;
import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a number of requests of one size in flight at seeded random places of a disk. A request
 * that completes is submitted again from its completion.
 */
final class DiskLoad {
  private static final long LONGEST_NS = TimeUnit.SECONDS.toNanos(60);

  private final BlockDevice disk;
  private final BlockOperation operation;
  private final int blocks;
  private final long places;
  private final Slot[] slots;
  private final AtomicLong done = new AtomicLong();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Histogram warmUp = new ConcurrentHistogram(LONGEST_NS, 3);
  private final Histogram times = new ConcurrentHistogram(LONGEST_NS, 3);
  private volatile Histogram target = warmUp;
  private volatile boolean ending;
  private volatile @Nullable String failure;

  DiskLoad(BlockDevice disk, BlockOperation operation, int bytes, int depth, long seed) {
    this.disk = disk;
    this.operation = operation;
    blocks = bytes / disk.blockSize();
    places = disk.blockCount() / blocks;
    slots = new Slot[depth];
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < depth; i++) {
      slots[i] = new Slot(random.split());
    }
  }

  /** Writes the whole disk once, so that nothing reads what was never written. */
  static void fill(BlockDevice disk, DmaMemoryPool pool) throws BenchException {
    int bytes = disk.maxTransferBlocks() * disk.blockSize();
    DiskLoad load = new DiskLoad(disk, BlockOperation.WRITE, bytes, 1, 0);
    load.inOrder(pool);
  }

  private void inOrder(DmaMemoryPool pool) throws BenchException {
    ending = true;
    try (DmaMemory memory = pool.allocate((long) blocks * disk.blockSize())) {
      memory.segment().fill((byte) 0x5A);
      for (long place = 0; place < places; place++) {
        slots[0].memory = memory;
        slots[0].submit(place);
        awaitIdle();
      }
    }
  }

  /**
   * Measures.
   *
   * @return operations
   */
  Rate run(DmaMemoryPool pool, long measureNs) throws BenchException {
    int bytes = blocks * disk.blockSize();
    for (Slot slot : slots) {
      slot.memory = pool.allocate(bytes);
      slot.memory.segment().fill((byte) 0xA5);
    }
    try {
      for (Slot slot : slots) {
        slot.submitNext();
      }
      return measure(measureNs);
    } finally {
      ending = true;
      awaitIdle();
      for (Slot slot : slots) {
        slot.close();
      }
    }
  }

  private Rate measure(long measureNs) throws BenchException {
    BenchHost.pause(measureNs / 2);
    target = times;
    Rate rate = Rate.measure(done, measureNs, () -> failure != null);
    target = warmUp;
    if (failure == null && rate.perSecond() == 0) {
      failure = "nothing completed; the disk is " + disk.state();
    }
    check();
    return rate;
  }

  /** Times of the requests that completed while {@link #run} measured, in nanoseconds. */
  Histogram times() {
    return times;
  }

  private void awaitIdle() throws BenchException {
    BenchHost.await("requests did not complete", () -> inFlight.get() == 0);
    check();
  }

  private void check() throws BenchException {
    String problem = failure;
    if (problem != null) {
      throw new BenchException(disk.name() + ": " + operation + ": " + problem);
    }
  }

  /** A request and its memory. */
  private final class Slot implements BlockCompletion, AutoCloseable {
    private final SplittableRandom random;
    private final BlockRequest request = new BlockRequest(1);
    private @Nullable DmaMemory memory;
    private long beganNs;

    Slot(SplittableRandom random) {
      this.random = random;
    }

    void submitNext() {
      submit(random.nextLong(places));
    }

    void submit(long place) {
      DmaMemory data = memory;
      if (data == null) {
        throw new IllegalStateException("a slot without memory");
      }
      request.reset(operation, place * blocks, blocks, this);
      request.data().add(data, 0, (long) blocks * disk.blockSize());
      inFlight.incrementAndGet();
      beganNs = System.nanoTime();
      if (!disk.submit(request)) {
        inFlight.decrementAndGet();
        failure = "the disk takes no more requests at depth " + slots.length;
      }
    }

    @Override
    public void onComplete(BlockRequest completed, BlockStatus status) {
      target.recordValue(Math.min(System.nanoTime() - beganNs, LONGEST_NS));
      if (status != BlockStatus.OK) {
        failure = status + ", " + completed.message();
      } else {
        done.incrementAndGet();
        if (!ending && failure == null) {
          submitNext();
        }
      }
      inFlight.decrementAndGet();
    }

    @Override
    public void close() {
      DmaMemory data = memory;
      if (data != null) {
        data.close();
      }
    }
  }
}
