// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Small blocks of coherent memory, all of one size (Linux {@code dma_pool}, {@code
 * include/linux/dmapool.h}). No block crosses a multiple of the boundary. Built on {@link
 * IbDma#allocCoherent}, so that every ops have it and every interposer sees its memory.
 *
 * <p>Made by {@link IbDma#createPool}. Takes its memory in chunks of a page or one block, whichever
 * is more, and keeps them until {@link #close()}. Once there are enough blocks, {@link #alloc()}
 * and {@link #free} allocate nothing. Thread-safe.
 */
public final class DmaPool implements AutoCloseable {
  /** A block. Whoever allocated it may use it until he frees it; the object is used again. */
  public static final class Block {
    private final DmaPool pool;
    private final MemorySegment segment;
    private final long dmaAddress;

    /** Guarded by the pool's lock. */
    private boolean used;

    private @Nullable Block nextFree;

    private Block(DmaPool pool, MemorySegment segment, long dmaAddress) {
      this.pool = pool;
      this.segment = segment;
      this.dmaAddress = dmaAddress;
    }

    /**
     * The bytes, for the CPU; what the device writes is seen without sync.
     *
     * @return exactly the block
     */
    public MemorySegment segment() {
      return segment;
    }

    /**
     * The address for the device.
     *
     * @return DMA address
     */
    public long dmaAddress() {
      return dmaAddress;
    }
  }

  private final IbDma dma;
  private final String name;
  private final long blockBytes;
  private final long strideBytes;
  private final long boundaryBytes;
  private final long chunkBytes;
  private final int maxBlocks;
  private final Object lock = new Object();

  // Guarded by the lock.
  private final List<DmaCoherent> chunks = new ArrayList<>();
  private @Nullable Block firstFree;
  private int made;
  private int used;
  private boolean destroyed;

  DmaPool(
      IbDma dma,
      String name,
      long blockBytes,
      long alignmentBytes,
      long boundaryBytes,
      int maxBlocks) {
    this.dma = dma;
    this.name = Objects.requireNonNull(name);
    if (blockBytes < 1 || maxBlocks < 1) {
      throw refused(
          "%d blocks of %d bytes; give 1 or more of each".formatted(maxBlocks, blockBytes));
    }
    if (Long.bitCount(alignmentBytes) != 1 || alignmentBytes < 1) {
      throw refused("alignment " + alignmentBytes + "; give a power of two");
    }
    this.blockBytes = blockBytes;
    this.strideBytes = (blockBytes + alignmentBytes - 1) & -alignmentBytes;
    if (boundaryBytes != 0 && (Long.bitCount(boundaryBytes) != 1 || boundaryBytes < strideBytes)) {
      throw refused(
          "boundary %d; give 0 or a power of two that holds a block of %d"
              .formatted(boundaryBytes, strideBytes));
    }
    this.boundaryBytes = boundaryBytes;
    this.chunkBytes = Math.max(DmaMemoryPool.PAGE_SIZE, strideBytes);
    this.maxBlocks = maxBlocks;
  }

  private IllegalArgumentException refused(String why) {
    return new IllegalArgumentException(this + ": " + why);
  }

  /**
   * Takes a block, with whatever its last user left in it. May block if there is none free and
   * memory has to be allocated.
   *
   * @return the block, or null if all are in use or there is no more memory
   * @throws IllegalStateException if the pool is destroyed
   */
  public @Nullable Block alloc() {
    while (true) {
      synchronized (lock) {
        requireOpen();
        Block block = firstFree;
        if (block != null) {
          firstFree = block.nextFree;
          block.nextFree = null;
          block.used = true;
          used++;
          return block;
        }
        if (made == maxBlocks) {
          return null;
        }
      }
      if (!grow()) {
        return null;
      }
    }
  }

  /**
   * Takes a block of zeros.
   *
   * @return as {@link #alloc()}
   */
  public @Nullable Block zalloc() {
    Block block = alloc();
    if (block != null) {
      block.segment.fill((byte) 0);
    }
    return block;
  }

  private void requireOpen() {
    if (destroyed) {
      throw new IllegalStateException(this + " is destroyed");
    }
  }

  /** The ops may block, or call others: not under the lock. */
  private boolean grow() {
    DmaCoherent chunk = dma.allocCoherent(chunkBytes);
    if (chunk == null) {
      return false;
    }
    boolean kept;
    synchronized (lock) {
      kept = !destroyed && made < maxBlocks;
      if (kept) {
        chunks.add(chunk);
        carve(chunk);
      }
    }
    if (!kept) {
      dma.freeCoherent(chunk); // somebody else was faster
    }
    return true;
  }

  /** A chunk is aligned to a power of two that holds it: only boundaries inside it count. */
  private void carve(DmaCoherent chunk) {
    long offset = 0;
    while (offset + strideBytes <= chunkBytes && made < maxBlocks) {
      if (boundaryBytes != 0
          && offset / boundaryBytes != (offset + strideBytes - 1) / boundaryBytes) {
        offset = (offset / boundaryBytes + 1) * boundaryBytes;
        continue;
      }
      Block block =
          new Block(
              this,
              chunk.memory().segment().asSlice(offset, blockBytes),
              chunk.dmaAddress() + offset);
      block.nextFree = firstFree;
      firstFree = block;
      made++;
      offset += strideBytes;
    }
  }

  /**
   * Gives a block back. The device must not reach for it any more.
   *
   * @param block of this pool, in use
   * @throws IllegalArgumentException if it is another pool's, or free already
   */
  public void free(Block block) {
    if (block.pool != this) {
      throw misuse(DmaPoolMisuse.FOREIGN_BLOCK, block, "belongs to " + block.pool);
    }
    boolean wasUsed;
    synchronized (lock) {
      wasUsed = block.used;
      if (wasUsed) {
        block.used = false;
        block.nextFree = firstFree;
        firstFree = block;
        used--;
      }
    }
    if (!wasUsed) {
      throw misuse(DmaPoolMisuse.DOUBLE_FREE, block, "is free already");
    }
  }

  private IllegalArgumentException misuse(DmaPoolMisuse misuse, Block block, String why) {
    String words = "block 0x%x %s".formatted(block.dmaAddress, why);
    dma.poolMisused(misuse, block.dmaAddress, blockBytes, this + ": " + words);
    return refused(words + "; free what alloc() gave, once");
  }

  /**
   * Blocks in use.
   *
   * @return count
   */
  public int used() {
    synchronized (lock) {
      return used;
    }
  }

  /**
   * Size of a block.
   *
   * @return bytes, as asked for
   */
  public long blockBytes() {
    return blockBytes;
  }

  /**
   * Destroys the pool: gives its memory back. May block. Idempotent.
   *
   * @throws IllegalStateException if blocks are in use; the pool stays
   */
  @Override
  public void close() {
    List<DmaCoherent> given;
    int left;
    long address = 0;
    synchronized (lock) {
      left = used;
      given = List.copyOf(chunks);
      if (left == 0) {
        destroyed = true;
        chunks.clear();
        firstFree = null;
      } else {
        address = given.getFirst().dmaAddress();
      }
    }
    if (left > 0) {
      String why = left + " blocks are in use";
      dma.poolMisused(DmaPoolMisuse.BLOCKS_LEFT, address, left * blockBytes, this + ": " + why);
      throw new IllegalStateException(this + ": " + why + "; free them before the pool");
    }
    given.forEach(dma::freeCoherent);
  }

  @Override
  public String toString() {
    return "DMA pool " + name + " of " + dma.device();
  }
}
