// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemoryPool;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/**
 * What an attachment reaches: live pool memory, at its virtual address. A wrong address is a fault,
 * never a crash, because the pool is asked before anything is touched. As on the real chip, whose
 * CPU copies, a mapping's direction guards nothing here.
 */
final class IpathSpace implements DmaBus {
  final DmaMemoryPool pool;
  private final BounceTable bounces;
  private final Map<DmaFault, LongAdder> faults = new EnumMap<>(DmaFault.class);
  private volatile boolean detached;

  IpathSpace(DmaMemoryPool pool) {
    this.pool = pool;
    bounces = new BounceTable(pool);
    for (DmaFault cause : DmaFault.values()) {
      faults.put(cause, new LongAdder());
    }
  }

  @Override
  public DmaFault resolve(long dmaAddress, long lengthBytes, DmaAccess access, BusWindow window) {
    if (!detached && pool.resolve(dmaAddress, lengthBytes, window)) {
      return DmaFault.NONE;
    }
    DmaFault fault = DmaFault.NOT_MAPPED;
    if (detached) {
      fault = DmaFault.DETACHED;
    } else if (pool.find(dmaAddress) != null) {
      fault = DmaFault.OUT_OF_BOUNDS;
    }
    counter(fault).increment();
    return fault;
  }

  /** How often a cause was met. */
  long faults(DmaFault cause) {
    return counter(cause).sum();
  }

  private LongAdder counter(DmaFault cause) {
    return Objects.requireNonNull(faults.get(cause));
  }

  BounceTable bounces() {
    return bounces;
  }

  boolean isDetached() {
    return detached;
  }

  void detach() {
    detached = true;
  }

  void syncForCpu(long address, long offset, long lengthBytes, DmaDirection direction) {
    if (bounces.inUse() && direction.deviceMayWrite()) {
      bounces.copyOut(address, offset, lengthBytes);
    }
  }

  void syncForDevice(long address, long offset, long lengthBytes, DmaDirection direction) {
    if (bounces.inUse() && direction.deviceMayRead()) {
      bounces.copyIn(address, offset, lengthBytes);
    }
  }
}
