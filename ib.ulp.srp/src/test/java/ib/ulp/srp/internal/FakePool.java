// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.BusWindow;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLong;

/** Memory that lives as long as somebody knows it; counts what is not given back. */
final class FakePool implements DmaMemoryPool {
  private final AtomicLong used = new AtomicLong();

  @Override
  public DmaMemory allocate(long sizeBytes) {
    used.addAndGet(sizeBytes);
    return DmaMemory.ofPool(
        Arena.ofAuto().allocate(sizeBytes, PAGE_SIZE), () -> used.addAndGet(-sizeBytes));
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
    return Long.MAX_VALUE;
  }
}
