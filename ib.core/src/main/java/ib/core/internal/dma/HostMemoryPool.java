// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.config.ConfigException;
import ib.config.ConfigReader;
import ib.dma.BusWindow;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Page-granular allocation out of chunks of native memory that are made on demand, up to a limit.
 *
 * <p>An allocation is aligned to the smallest power of two that holds it, up to {@link
 * #MAX_ALIGNMENT}. A short lock guards what is taken; finding memory by address takes none.
 */
@Component(service = DmaMemoryPool.class, immediate = true, configurationPid = HostMemoryPool.PID)
public final class HostMemoryPool implements DmaMemoryPool, PoolSpace {
  /** Bytes of a chunk. */
  static final long CHUNK_BYTES = 32L << 20;

  /** Largest natural alignment of an allocation. */
  static final long MAX_ALIGNMENT = 4L << 20;

  /** PID of core's configuration. */
  static final String PID = "ib.core";

  /** Key: most memory for DMA, in MiB. */
  static final String LIMIT = "memory.limit.mib";

  private static final long DEFAULT_LIMIT_MIB = 1024;
  private static final long MAX_LIMIT_MIB = 1L << 20;

  /** No offset is ever beyond. */
  static final long MAX_LIMIT_BYTES = MAX_LIMIT_MIB << 20;

  /** Null outside of a container, where there is no configuration either. */
  private final @Nullable Logger log;

  private final ReentrantLock lock = new ReentrantLock();
  private volatile long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();
  private final AtomicLong reservedBytes = new AtomicLong();

  /** Sorted by address; replaced as a whole. */
  private volatile PoolChunk[] chunks = new PoolChunk[0];

  /** The chunk in each slot of {@link #MAX_ALIGNMENT} bytes of the pool; replaced as a whole. */
  private volatile @Nullable PoolChunk[] slots = new PoolChunk[0];

  private int lastChunk;

  /**
   * Creates the host's pool.
   *
   * @param log where a wrong configuration is told; the default limit holds then
   * @param properties configuration {@code ib.core}
   */
  @Activate
  public HostMemoryPool(
      @Reference(service = LoggerFactory.class) Logger log, Map<String, Object> properties) {
    this(log, DEFAULT_LIMIT_MIB << 20);
    modified(properties);
  }

  /**
   * Creates an empty pool.
   *
   * @param limitBytes most bytes of all chunks
   */
  public HostMemoryPool(long limitBytes) {
    this(null, limitBytes);
  }

  private HostMemoryPool(@Nullable Logger log, long limitBytes) {
    this.log = log;
    limit(limitBytes);
  }

  @Modified
  void modified(Map<String, Object> properties) {
    try {
      limit(limitBytes(properties));
    } catch (ConfigException e) {
      if (log != null) {
        log.error("the limit of DMA memory stays {} MiB: {}", limitBytes >> 20, e.getMessage());
      }
    }
  }

  static long limitBytes(Map<String, ?> properties) {
    ConfigReader in = new ConfigReader(PID, properties, List.of(LIMIT, DmaModes.MODE));
    return in.number(LIMIT, DEFAULT_LIMIT_MIB, 1, MAX_LIMIT_MIB) << 20;
  }

  /**
   * Changes the limit; what is allocated stays.
   *
   * @param bytes most bytes of all chunks
   * @throws IllegalArgumentException if below one page
   */
  public void limit(long bytes) {
    if (bytes < PAGE_SIZE) {
      throw new IllegalArgumentException(
          "DMA memory limit of " + bytes + " bytes; set memory.limit.mib of ib.core to 1 or more");
    }
    limitBytes = bytes;
  }

  @Override
  public DmaMemory allocate(long sizeBytes) {
    if (sizeBytes <= 0) {
      throw new IllegalArgumentException(
          "allocation of " + sizeBytes + " bytes of DMA memory; ask for 1 or more");
    }
    if (sizeBytes > limitBytes) {
      throw exhausted(sizeBytes, "");
    }
    int count = Math.toIntExact((sizeBytes + PAGE_SIZE - 1) / PAGE_SIZE);
    long alignment = alignmentOf(sizeBytes);
    Run run;
    lock.lock();
    try {
      run = take(count, alignment);
      usedBytes.addAndGet(run.bytes());
    } finally {
      lock.unlock();
    }
    MemorySegment bytes = run.chunk.slice(run.first, sizeBytes);
    run.chunk.slice(run.first, run.bytes()).fill((byte) 0);
    DmaMemory memory = DmaMemory.ofPool(bytes, () -> free(run));
    run.chunk.publish(run.first, count, memory);
    return memory;
  }

  /** Taken pages. */
  private record Run(PoolChunk chunk, int first, int count) {
    long bytes() {
      return (long) count * PAGE_SIZE;
    }
  }

  private static long alignmentOf(long sizeBytes) {
    long page = Math.max(sizeBytes, PAGE_SIZE);
    long power = Long.highestOneBit(page);
    return Math.min(power == page ? power : power << 1, MAX_ALIGNMENT);
  }

  private Run take(int count, long alignment) {
    PoolChunk[] now = chunks;
    for (int i = 0; i < now.length; i++) {
      int at = (lastChunk + i) % now.length;
      int first = now[at].take(count, alignment);
      if (first >= 0) {
        lastChunk = at;
        return new Run(now[at], first, count);
      }
    }
    PoolChunk chunk = grow((long) count * PAGE_SIZE);
    return new Run(chunk, chunk.take(count, alignment), count);
  }

  private PoolChunk grow(long bytes) {
    boolean dedicated = bytes > CHUNK_BYTES / 2;
    long room = (limitBytes - reservedBytes.get()) & -PAGE_SIZE;
    long size = dedicated ? bytes : Math.min(CHUNK_BYTES, room);
    if (size > room || size < bytes) {
      throw exhausted(bytes, "");
    }
    PoolChunk chunk;
    int slot = freeSlots(slotsOf(size));
    try {
      chunk = new PoolChunk(size, MAX_ALIGNMENT, dedicated, slot);
    } catch (OutOfMemoryError e) {
      // The JVM's own limit on native memory lies below ours.
      throw exhausted(bytes, " (or -XX:MaxDirectMemorySize of the JVM: " + e.getMessage() + ")");
    }
    PoolChunk[] grown = Arrays.copyOf(chunks, chunks.length + 1);
    grown[chunks.length] = chunk;
    Arrays.sort(grown, Comparator.comparingLong(PoolChunk::base));
    chunks = grown;
    fillSlots(chunk, chunk);
    reservedBytes.addAndGet(size);
    return chunk;
  }

  private static int slotsOf(long sizeBytes) {
    return Math.toIntExact((sizeBytes + MAX_ALIGNMENT - 1) / MAX_ALIGNMENT);
  }

  /** First slot of a free run; the lowest, so that narrow masks reach it. */
  private int freeSlots(int count) {
    @Nullable PoolChunk[] now = slots;
    int free = 0;
    for (int i = 0; i < now.length; i++) {
      free = now[i] == null ? free + 1 : 0;
      if (free == count) {
        return i - count + 1;
      }
    }
    return now.length - free;
  }

  private void fillSlots(PoolChunk at, @Nullable PoolChunk chunk) {
    int first = at.slot();
    int end = first + slotsOf(at.sizeBytes());
    @Nullable PoolChunk[] filled = Arrays.copyOf(slots, Math.max(slots.length, end));
    Arrays.fill(filled, first, end, chunk);
    slots = filled;
  }

  private DmaMemoryExhaustedException exhausted(long sizeBytes, String more) {
    return new DmaMemoryExhaustedException(
        "no room for "
            + sizeBytes
            + " bytes of DMA memory: "
            + usedBytes.get()
            + " of "
            + limitBytes
            + " bytes are in use; raise memory.limit.mib of ib.core"
            + more);
  }

  private void free(Run run) {
    PoolChunk chunk = run.chunk;
    chunk.publish(run.first, run.count, null);
    lock.lock();
    try {
      chunk.give(run.first, run.count);
      usedBytes.addAndGet(-run.bytes());
      if (chunk.dedicated() && chunk.isEmpty()) {
        chunks = Arrays.stream(chunks).filter(c -> c != chunk).toArray(PoolChunk[]::new);
        fillSlots(chunk, null);
        reservedBytes.addAndGet(-chunk.sizeBytes());
        lastChunk = 0;
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean resolve(long address, long lengthBytes, BusWindow window) {
    DmaMemory memory = find(address);
    if (memory == null || lengthBytes <= 0) {
      return false;
    }
    long offset = address - memory.segment().address();
    if (lengthBytes > memory.size() - offset) {
      return false;
    }
    window.set(memory.segment(), offset, lengthBytes);
    return true;
  }

  @Override
  public @Nullable DmaMemory find(long address) {
    PoolChunk chunk = chunkOf(address);
    DmaMemory memory = chunk == null ? null : chunk.find(address);
    // Beyond the bytes asked for, the last page belongs to nobody.
    return memory == null || address - memory.segment().address() >= memory.size() ? null : memory;
  }

  private @Nullable PoolChunk chunkOf(long address) {
    PoolChunk[] now = chunks;
    int low = 0;
    int high = now.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      PoolChunk chunk = now[middle];
      long offset = address - chunk.base();
      if (offset < 0) {
        high = middle - 1;
      } else if (offset >= chunk.sizeBytes()) {
        low = middle + 1;
      } else {
        return chunk;
      }
    }
    return null;
  }

  @Override
  public long offsetOf(long address) {
    PoolChunk chunk = chunkOf(address);
    return chunk == null ? NOWHERE : chunk.slot() * MAX_ALIGNMENT + (address - chunk.base());
  }

  @Override
  public boolean resolveAt(long offset, BusWindow window) {
    @Nullable PoolChunk[] now = slots;
    long slot = offset / MAX_ALIGNMENT;
    PoolChunk chunk = offset < 0 || slot >= now.length ? null : now[(int) slot];
    long inChunk = chunk == null ? 0 : offset - chunk.slot() * MAX_ALIGNMENT;
    if (chunk == null || inChunk >= chunk.sizeBytes()) {
      return false;
    }
    long address = chunk.base() + inChunk;
    DmaMemory memory = chunk.find(address);
    long inMemory = memory == null ? 0 : address - memory.segment().address();
    if (memory == null || inMemory >= memory.size()) {
      return false;
    }
    window.set(memory.segment(), inMemory, memory.size() - inMemory);
    return true;
  }

  @Override
  public long usedBytes() {
    return usedBytes.get();
  }

  @Override
  public long limitBytes() {
    return limitBytes;
  }

  /**
   * Bytes of all chunks, taken or not.
   *
   * @return bytes
   */
  public long reservedBytes() {
    return reservedBytes.get();
  }
}
