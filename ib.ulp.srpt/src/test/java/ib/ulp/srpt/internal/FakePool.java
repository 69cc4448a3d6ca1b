// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.dma.BusWindow;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryExhaustedException;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLong;

/** Memory that lives as long as the test's JVM; counts what is not given back. */
final class FakePool implements DmaMemoryPool {
  private final Arena arena = Arena.ofAuto();
  private final AtomicLong used = new AtomicLong();
  volatile long limitBytes = Long.MAX_VALUE;

  @Override
  public DmaMemory allocate(long sizeBytes) {
    if (used.addAndGet(sizeBytes) > limitBytes) {
      used.addAndGet(-sizeBytes);
      throw new DmaMemoryExhaustedException("no room for " + sizeBytes + " bytes");
    }
    return DmaMemory.ofPool(arena.allocate(sizeBytes, PAGE_SIZE), () -> used.addAndGet(-sizeBytes));
  }

  @Override
  public boolean resolve(long address, long lengthBytes, BusWindow window) {
    return false;
  }

  @Override
  public DmaMemory find(long address) {
    throw new IllegalStateException("the addresses of these ops are not virtual ones");
  }

  @Override
  public long usedBytes() {
    return used.get();
  }

  @Override
  public long limitBytes() {
    return limitBytes;
  }
}
