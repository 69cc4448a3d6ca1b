// SPDX-License-Identifier: Apache-2.0
package ib.bench.stress;

import ib.dma.DmaMemory;
import ib.dma.DmaPool;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Blocks of a {@link DmaPool}: of the device's, which all threads share, or of one of its own. */
final class StressBlocks implements StressKind {
  private static final int MAX_BLOCKS = 8;
  private static final int MAX_SHIFT = 12;

  private final SplittableRandom random;
  private final DmaPool.Block[] blocks = new DmaPool.Block[MAX_BLOCKS];
  private final int[] patterns = new int[MAX_BLOCKS];
  private int count;
  private @Nullable DmaPool pool;
  private boolean own;
  private long alignment;
  private long boundary;

  StressBlocks(SplittableRandom random) {
    this.random = random;
  }

  @Override
  public boolean map(StressDevice device, DmaMemory memory) {
    own = random.nextBoolean();
    pool = own ? create(device) : device.blocks();
    alignment = own ? alignment : StressDevice.BLOCK_BYTES;
    boundary = own ? boundary : 0;
    int wanted = 1 + random.nextInt(MAX_BLOCKS);
    boolean room = true;
    while (room && count < wanted) {
      room = take();
    }
    if (count == 0) {
      end();
    }
    return count > 0;
  }

  private DmaPool create(StressDevice device) {
    alignment = 1L << random.nextInt(MAX_SHIFT);
    long bytes = 1 + random.nextLong(1L << random.nextInt(1 + MAX_SHIFT));
    long stride = (bytes + alignment - 1) & -alignment;
    boundary = random.nextBoolean() ? 0 : Long.highestOneBit(2 * stride - 1) << random.nextInt(2);
    return device.dma().createPool("stress", bytes, alignment, boundary, MAX_BLOCKS);
  }

  private DmaPool pool() {
    DmaPool of = pool;
    if (of == null) {
      throw new IllegalStateException("no pool");
    }
    return of;
  }

  private boolean take() {
    DmaPool from = pool();
    boolean zeroed = random.nextBoolean();
    DmaPool.Block block = zeroed ? from.zalloc() : from.alloc();
    if (block == null) {
      return false;
    }
    long bytes = block.segment().byteSize();
    long address = block.dmaAddress();
    if (zeroed && !StressBytes.isZero(block.segment())) {
      throw new StressFailure("a block of " + from + " is not zeroed");
    }
    if (bytes != from.blockBytes()
        || address % alignment != 0
        || (boundary != 0 && address / boundary != (address + bytes - 1) / boundary)) {
      throw new StressFailure(
          "block 0x%x of %d bytes of %s: alignment %d, boundary %d"
              .formatted(address, bytes, from, alignment, boundary));
    }
    blocks[count] = block;
    write(count++);
    return true;
  }

  private void write(int i) {
    patterns[i] = random.nextInt(StressBytes.PATTERNS);
    StressBytes.fill(blocks[i].segment(), 0, blocks[i].segment().byteSize(), patterns[i]);
  }

  private void verify(int i) {
    DmaPool.Block block = blocks[i];
    StressBytes.verify(
        block.segment(), 0, block.segment().byteSize(), patterns[i], "a block of " + pool);
  }

  /** Takes one more, or gives one back, or writes to all. */
  @Override
  public void sync() {
    for (int i = 0; i < count; i++) {
      verify(i);
    }
    switch (random.nextInt(3)) {
      case 0 -> {
        if (count < MAX_BLOCKS) {
          take();
        }
      }
      case 1 -> {
        if (count > 1) {
          give(random.nextInt(count));
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          write(i);
        }
      }
    }
  }

  private void give(int i) {
    verify(i);
    pool().free(blocks[i]);
    count--;
    blocks[i] = blocks[count];
    patterns[i] = patterns[count];
  }

  @Override
  public void unmap() {
    while (count > 0) {
      give(random.nextInt(count));
    }
    end();
  }

  private void end() {
    if (own) {
      pool().close();
    }
    pool = null;
  }
}
