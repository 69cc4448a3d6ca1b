// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;
import static ib.dma.tck.Scratch.checkBytes;
import static ib.dma.tck.Scratch.checkThrows;
import static ib.dma.tck.Scratch.pattern;

import ib.dma.DmaPool;
import ib.dma.DmaPool.Block;
import ib.dma.DmaUsage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Pools of small coherent blocks over the ops: the pool keeps what the ops' memory allows. */
final class PoolCases {
  private PoolCases() {}

  /** Size, alignment and boundary of the blocks. */
  private record Shape(int bytes, int alignment, int boundary) {}

  private static final List<Shape> SHAPES =
      List.of(
          new Shape(1, 1, 0),
          new Shape(24, 8, 64),
          new Shape(100, 64, 512),
          new Shape(1500, 4, 2048),
          new Shape(3000, 16, PAGE),
          new Shape(5000, 2 * PAGE, 2 * PAGE),
          new Shape(3 * PAGE, 32, 4 * PAGE));

  static void blocks(Scratch s) {
    for (Shape shape : SHAPES) {
      try (DmaPool pool =
          s.dma.createPool("tck", shape.bytes, shape.alignment, shape.boundary, 12)) {
        List<Block> blocks = take(pool, shape);
        check(pool.alloc() == null, "%s gives more blocks than it may", pool);
        for (int i = 0; i < blocks.size(); i++) {
          write(blocks.get(i).segment(), pattern(shape.bytes, i));
        }
        for (int i = 0; i < blocks.size(); i++) {
          byte[] device = s.deviceReads(blocks.get(i).dmaAddress(), shape.bytes);
          checkBytes(device, pattern(shape.bytes, i), "device reads block " + i);
        }
        for (int i = 0; i < blocks.size(); i++) {
          s.deviceWrites(blocks.get(i).dmaAddress(), pattern(shape.bytes, i + 100));
        }
        for (int i = 0; i < blocks.size(); i++) {
          byte[] cpu = blocks.get(i).segment().toArray(ValueLayout.JAVA_BYTE);
          checkBytes(cpu, pattern(shape.bytes, i + 100), "CPU reads block " + i);
          pool.free(blocks.get(i));
        }
      }
      s.checkUsage(DmaUsage.NONE, "after a pool was destroyed");
    }
  }

  private static void write(MemorySegment segment, byte[] bytes) {
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
  }

  private static List<Block> take(DmaPool pool, Shape shape) {
    List<Block> blocks = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Block block = pool.zalloc();
      if (block == null) {
        throw new CaseFailure("%s has no room for block %d".formatted(pool, i));
      }
      long first = block.dmaAddress();
      long last = first + shape.bytes - 1;
      check(first % shape.alignment == 0, "block 0x%x is not aligned to %s", first, shape);
      long cpu = block.segment().address();
      check(cpu % shape.alignment == 0, "memory 0x%x is not aligned to %s", cpu, shape);
      check(
          shape.boundary == 0 || first / shape.boundary == last / shape.boundary,
          "block 0x%x crosses the boundary of %s",
          first,
          shape);
      byte[] content = block.segment().toArray(ValueLayout.JAVA_BYTE);
      checkBytes(content, new byte[shape.bytes], "a block that is to be zeroed");
      blocks.add(block);
    }
    return blocks;
  }

  static void life(Scratch s) {
    DmaPool pool = s.dma.createPool("tck", 64, 64, 0, 100);
    DmaPool other = s.dma.createPool("other", 64, 64, 0, 100);
    Block block = pool.alloc();
    Block again = pool.alloc();
    if (block == null || again == null) {
      throw new CaseFailure("no room for a page of coherent memory");
    }
    Class<IllegalArgumentException> argument = IllegalArgumentException.class;
    checkThrows(argument, "a block of another pool", () -> other.free(block));
    checkThrows(IllegalStateException.class, "destroying a pool in use", pool::close);
    pool.free(block);
    checkThrows(argument, "freeing a block twice", () -> pool.free(block));
    check(pool.used() == 1, "%d blocks in use instead of 1", pool.used());
    pool.free(again);
    s.checkUsage(new DmaUsage(0, 0, 1, PAGE), "of a pool that is not destroyed");
    pool.close();
    other.close();
    s.checkUsage(DmaUsage.NONE, "after pools were destroyed");
    checkThrows(IllegalStateException.class, "a block of a destroyed pool", pool::alloc);
    checkThrows(argument, "alignment 3", () -> s.dma.createPool("odd", 8, 3, 0, 1));
    checkThrows(argument, "boundary 24", () -> s.dma.createPool("odd", 8, 8, 24, 1));
    checkThrows(argument, "too narrow a boundary", () -> s.dma.createPool("odd", 9, 8, 8, 1));
    checkThrows(argument, "blocks of 0 bytes", () -> s.dma.createPool("odd", 0, 8, 8, 1));
  }
}
