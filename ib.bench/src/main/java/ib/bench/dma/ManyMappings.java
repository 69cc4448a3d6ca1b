// SPDX-License-Identifier: Apache-2.0
package ib.bench.dma;

import ib.core.internal.dma.DefaultDmaOps;
import ib.core.internal.dma.DmaMode;
import ib.core.internal.dma.DmaModes;
import ib.core.internal.dma.DmaSettings;
import ib.core.internal.dma.HostMemoryPool;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Many live mappings of one device, undone in the order in which they were made. */
@State(Scope.Thread)
public class ManyMappings {
  /** Many. */
  static final int MILLION = 1_000_000;

  private static final int LENGTH = 256;
  private static final int SLOTS = 1 << 17;

  /** Live mappings. */
  @Param("1000")
  public int live;

  private DmaMemory memory = DmaMemory.ofForeign(java.lang.foreign.MemorySegment.NULL);
  private long[] addresses = new long[0];
  private int oldest;

  /** Maps them. */
  @Setup(Level.Trial)
  public void open(DmaSite site) {
    memory = site.pool.allocate((long) SLOTS * LENGTH);
    addresses = new long[live];
    for (int i = 0; i < live; i++) {
      addresses[i] = map(site.dma, memory, i);
    }
  }

  private static long map(IbDma dma, DmaMemory memory, int i) {
    long address =
        dma.mapSingle(
            memory, (long) (i % SLOTS) * LENGTH, LENGTH, ib.dma.DmaDirection.BIDIRECTIONAL);
    if (dma.mappingError(address)) {
      throw new IllegalStateException("no room for mapping " + i);
    }
    return address;
  }

  long turn(IbDma dma) {
    int i = oldest;
    Calls.unmap(dma, addresses[i], LENGTH);
    addresses[i] = map(dma, memory, i);
    oldest = i + 1 == live ? 0 : i + 1;
    return addresses[i];
  }

  /** Bytes of heap that each of a million live mappings takes. */
  static double bytesEach(String mode) {
    HostMemoryPool pool = new HostMemoryPool(64L << 20);
    DmaMemory memory = pool.allocate((long) SLOTS * LENGTH);
    IbDevice root = new IbDevice("bench0", 1, -1, 1 << 30, -1, "ib.bench");
    long before = usedHeap();
    DefaultDmaOps ops = new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(DmaMode.of(mode))));
    ops.attach(root);
    IbDma dma = new IbDma(root, ops);
    for (int i = 0; i < MILLION; i++) {
      map(dma, memory, i);
    }
    double each = (double) (usedHeap() - before) / MILLION;
    ops.detach(root);
    memory.close();
    return each;
  }

  private static long usedHeap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
