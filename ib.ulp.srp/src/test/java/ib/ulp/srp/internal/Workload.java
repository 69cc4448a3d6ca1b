// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDevice;
import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.block.BlockStatus;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lanes of requests, each on blocks of its own and each with one request at a time: writes a
 * pattern, reads it back, compares.
 */
final class Workload {
  private static final int LANE_BLOCKS = 16;

  final List<String> faults = new CopyOnWriteArrayList<>();
  final AtomicLong done = new AtomicLong();
  private final AtomicInteger running = new AtomicInteger();
  private final BlockDevice disk;
  private final Lane[] lanes;
  private volatile boolean stopping;

  Workload(BlockDevice disk, DmaMemoryPool pool, int laneCount, long seed) {
    this.disk = disk;
    lanes = new Lane[laneCount];
    for (int i = 0; i < laneCount; i++) {
      lanes[i] =
          new Lane(i, new Random(seed * 1000 + i), pool.allocate(LANE_BLOCKS * FakeTarget.BLOCK));
    }
  }

  void start() {
    running.set(lanes.length);
    for (Lane lane : lanes) {
      lane.next();
    }
  }

  /** Asks the lanes to end after their request. */
  void stop() {
    stopping = true;
  }

  boolean isStopped() {
    return running.get() == 0;
  }

  private final class Lane {
    private final int number;
    private final Random random;
    private final DmaMemory memory;
    private final BlockRequest request = new BlockRequest(4);
    private final byte[] written = new byte[LANE_BLOCKS];
    private int from;
    private int count;
    private boolean write;
    private volatile boolean outstanding;

    Lane(int number, Random random, DmaMemory memory) {
      this.number = number;
      this.random = random;
      this.memory = memory;
    }

    void next() {
      if (stopping) {
        running.decrementAndGet();
        return;
      }
      from = random.nextInt(LANE_BLOCKS);
      count = 1 + random.nextInt(LANE_BLOCKS - from);
      write = random.nextBoolean();
      request.reset(
          write ? BlockOperation.WRITE : BlockOperation.READ,
          (long) number * LANE_BLOCKS + from,
          count,
          this::onComplete);
      for (int i = 0; i < count; i++) {
        if (write) {
          written[from + i] = (byte) random.nextInt();
        }
        memory
            .segment()
            .asSlice((long) i * FakeTarget.BLOCK, FakeTarget.BLOCK)
            .fill(write ? written[from + i] : (byte) 0x5A);
      }
      int first = count == 1 ? 1 : 1 + random.nextInt(count - 1);
      request.data().add(memory, 0, (long) first * FakeTarget.BLOCK);
      if (first < count) {
        request
            .data()
            .add(
                memory, (long) first * FakeTarget.BLOCK, (long) (count - first) * FakeTarget.BLOCK);
      }
      outstanding = true;
      if (!disk.submit(request)) {
        faults.add("lane " + number + ": not accepted");
      }
    }

    private void onComplete(BlockRequest completed, BlockStatus status) {
      if (!outstanding) {
        faults.add("lane " + number + ": completed twice");
      }
      outstanding = false;
      if (status != BlockStatus.OK) {
        faults.add("lane " + number + ": " + status + " " + completed.message());
      } else if (!write) {
        compare();
      }
      done.incrementAndGet();
      next();
    }

    private void compare() {
      for (int i = 0; i < count * FakeTarget.BLOCK; i++) {
        byte seen = memory.segment().get(ValueLayout.JAVA_BYTE, i);
        if (seen != written[from + i / FakeTarget.BLOCK]) {
          faults.add(
              "lane " + number + ": block " + (from + i / FakeTarget.BLOCK) + " has " + seen);
          return;
        }
      }
    }
  }
}
