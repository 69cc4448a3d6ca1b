// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.UnmapCheck.Linked;
import ib.core.internal.debug.Watched.Family;
import ib.dma.DelegatingDmaOps;
import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaPoolMisuse;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import org.jspecify.annotations.Nullable;

/**
 * Ops that look at each call before and after those below. Results and exceptions are those of the
 * ops below: debug reports, it mends nothing.
 */
final class DebugOps extends DelegatingDmaOps {
  private final Watch watch;
  private final MapCheck maps;
  private final UnmapCheck unmaps;
  private final SyncCheck syncs;
  private final IovaCheck iovas;

  DebugOps(IbDmaOps ops, Watch watch) {
    super(ops);
    this.watch = watch;
    this.maps = new MapCheck(watch, ops);
    this.unmaps = new UnmapCheck(watch, ops);
    this.syncs = new SyncCheck(watch);
    this.iovas = new IovaCheck(watch, maps, unmaps);
  }

  // ---- life

  @Override
  public void attach(IbDevice device) {
    below.attach(device);
    watch.attached(device);
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    watch.detaching(device);
    DmaUsage left = below.detach(device);
    watch.detached(device);
    iovas.detached(device);
    return left;
  }

  // ---- maps

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    boolean failed = below.mappingError(device, dmaAddress);
    if (!failed) {
      watch.books.checked(device, dmaAddress);
    }
    return failed;
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    boolean told = maps.single(device, memory, lengthBytes, direction);
    long address;
    try {
      address = below.mapSingle(device, memory, offsetBytes, lengthBytes, direction, attributes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw refused(
          told, device, memory.segment().address() + offsetBytes, lengthBytes, direction, e);
    }
    if (!below.mappingError(device, address)) {
      maps.mapped(
          device, Family.SINGLE, memory, offsetBytes, lengthBytes, direction, attributes, address);
    }
    return address;
  }

  private <E extends RuntimeException> E refused(
      boolean told, IbDevice device, long address, long sizeBytes, DmaDirection direction, E why) {
    if (!told) {
      maps.refused(device, address, sizeBytes, direction, String.valueOf(why.getMessage()));
    }
    return why;
  }

  @Override
  public long mapPage(
      IbDevice device,
      DmaMemory memory,
      long pageIndex,
      int offsetInPage,
      int lengthBytes,
      DmaDirection direction,
      int attributes) {
    boolean told = maps.single(device, memory, lengthBytes, direction);
    long offset = pageIndex * DmaMemoryPool.PAGE_SIZE + offsetInPage;
    long address;
    try {
      address =
          below.mapPage(
              device, memory, pageIndex, offsetInPage, lengthBytes, direction, attributes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw refused(told, device, memory.segment().address() + offset, lengthBytes, direction, e);
    }
    if (!below.mappingError(device, address)) {
      maps.mapped(device, Family.PAGE, memory, offset, lengthBytes, direction, attributes, address);
    }
    return address;
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    boolean told = maps.list(device, list, entries, direction);
    int mapped;
    try {
      mapped = below.mapSg(device, list, entries, direction, attributes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw refused(told, device, 0, list.totalBytes(), direction, e);
    }
    if (mapped > 0) {
      maps.mappedList(device, list, entries, mapped, direction, attributes);
    }
    return mapped;
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    DmaCoherent coherent;
    try {
      coherent = below.allocCoherent(device, sizeBytes);
    } catch (IllegalArgumentException e) {
      throw refused(false, device, 0, sizeBytes, DmaDirection.BIDIRECTIONAL, e);
    }
    if (coherent != null) {
      maps.allocated(device, coherent);
    }
    return coherent;
  }

  // ---- unmaps

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    Watched mapping = unmaps.claim(device, Family.SINGLE, dmaAddress, lengthBytes, direction);
    undo(
        mapping,
        attributes,
        () -> below.unmapSingle(device, dmaAddress, lengthBytes, direction, attributes));
  }

  /** The mapping is struck out only if the ops below took it. */
  private void undo(@Nullable Watched mapping, int attributes, Runnable below) {
    try {
      below.run();
    } catch (RuntimeException e) {
      unmaps.kept(mapping);
      throw e;
    }
    unmaps.done(mapping, attributes);
  }

  @Override
  public void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    Watched mapping = unmaps.claim(device, Family.PAGE, dmaAddress, lengthBytes, direction);
    undo(
        mapping,
        attributes,
        () -> below.unmapPage(device, dmaAddress, lengthBytes, direction, attributes));
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    Watched mapping = unmaps.claimList(device, list, entries, direction);
    undo(mapping, attributes, () -> below.unmapSg(device, list, entries, direction, attributes));
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent coherent) {
    Watched mapping =
        unmaps.claim(
            device,
            Family.COHERENT,
            coherent.dmaAddress(),
            coherent.sizeBytes(),
            DmaDirection.BIDIRECTIONAL);
    if (mapping != null) {
      unmaps.checkMemory(mapping, coherent.memory());
    }
    undo(mapping, DmaAttributes.NONE, () -> below.freeCoherent(device, coherent));
  }

  // ---- syncs

  @Override
  public void syncSingleForCpu(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    Watched mapping = syncs.single(device, dmaAddress, 0, lengthBytes, direction, true);
    below.syncSingleForCpu(device, dmaAddress, lengthBytes, direction);
    syncs.synced(mapping, 0, lengthBytes, true);
  }

  @Override
  public void syncSingleForDevice(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction) {
    Watched mapping = syncs.single(device, dmaAddress, 0, lengthBytes, direction, false);
    below.syncSingleForDevice(device, dmaAddress, lengthBytes, direction);
    syncs.synced(mapping, 0, lengthBytes, false);
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    Watched mapping = syncs.single(device, dmaAddress, offsetBytes, lengthBytes, direction, true);
    below.syncSingleRangeForCpu(device, dmaAddress, offsetBytes, lengthBytes, direction);
    syncs.synced(mapping, offsetBytes, lengthBytes, true);
  }

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    Watched mapping = syncs.single(device, dmaAddress, offsetBytes, lengthBytes, direction, false);
    below.syncSingleRangeForDevice(device, dmaAddress, offsetBytes, lengthBytes, direction);
    syncs.synced(mapping, offsetBytes, lengthBytes, false);
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    Watched mapping = syncs.list(device, list, entries, direction, true);
    below.syncSgForCpu(device, list, entries, direction);
    syncs.syncedAll(mapping, true);
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    Watched mapping = syncs.list(device, list, entries, direction, false);
    below.syncSgForDevice(device, list, entries, direction);
    syncs.syncedAll(mapping, false);
  }

  // ---- mappings in two steps

  @Override
  public boolean iovaTryAlloc(
      IbDevice device, DmaIova state, DmaMemory memory, long offsetBytes, long sizeBytes) {
    boolean reserved;
    try {
      reserved = below.iovaTryAlloc(device, state, memory, offsetBytes, sizeBytes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw refused(
          false, device, memory.segment().address() + offsetBytes, sizeBytes, DmaDirection.NONE, e);
    }
    if (reserved) {
      iovas.reserved(device, state);
    }
    return reserved;
  }

  @Override
  public boolean iovaLink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    boolean told = maps.single(device, memory, lengthBytes, direction);
    boolean linked;
    try {
      linked =
          below.iovaLink(
              device, state, iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      if (!told) {
        iovas.refusedLink(device, state, iovaOffset, lengthBytes, direction, attributes, e);
      }
      throw e;
    }
    if (linked) {
      iovas.linked(
          device, state, iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
    }
    return linked;
  }

  @Override
  public boolean iovaSync(IbDevice device, DmaIova state, long iovaOffset, long lengthBytes) {
    boolean synced;
    try {
      synced = below.iovaSync(device, state, iovaOffset, lengthBytes);
    } catch (IllegalArgumentException e) {
      iovas.refusedSync(device, state, iovaOffset, lengthBytes, e);
      throw e;
    }
    if (synced) {
      watch.books.synced(device, state.address() + iovaOffset, lengthBytes);
    }
    return synced;
  }

  @Override
  public void iovaUnlink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    long address = state.address() + iovaOffset;
    Linked linked = unmaps.claimLinked(device, address, lengthBytes, direction);
    try {
      below.iovaUnlink(device, state, iovaOffset, lengthBytes, direction, attributes);
    } catch (RuntimeException e) {
      linked.mappings().forEach(unmaps::kept);
      throw e;
    }
    iovas.done(linked, attributes);
  }

  @Override
  public void iovaFree(IbDevice device, DmaIova state) {
    try {
      below.iovaFree(device, state);
    } catch (IllegalArgumentException e) {
      iovas.refusedFree(device, state, e);
      throw e;
    }
    iovas.freed(state);
  }

  @Override
  public void iovaDestroy(
      IbDevice device, DmaIova state, long linkedBytes, DmaDirection direction, int attributes) {
    Linked linked = unmaps.claimLinked(device, state.address(), linkedBytes, direction);
    try {
      below.iovaDestroy(device, state, linkedBytes, direction, attributes);
    } catch (RuntimeException e) {
      linked.mappings().forEach(unmaps::kept);
      if (!linked.told() && e instanceof IllegalArgumentException) {
        iovas.refusedFree(device, state, e);
      }
      throw e;
    }
    if (linkedBytes > 0) {
      iovas.done(linked, attributes);
    }
    iovas.freed(state);
  }

  // ---- pools

  @Override
  public void poolMisused(
      IbDevice device, DmaPoolMisuse misuse, long dmaAddress, long sizeBytes, String detail) {
    if (watch.isAttached(device)) {
      DmaMisuse found =
          switch (misuse) {
            case DOUBLE_FREE -> DmaMisuse.POOL_DOUBLE_FREE;
            case FOREIGN_BLOCK -> DmaMisuse.POOL_FOREIGN_BLOCK;
            case BLOCKS_LEFT -> DmaMisuse.POOL_BLOCKS_LEFT;
          };
      DmaDirection both = DmaDirection.BIDIRECTIONAL;
      watch.report(found, null, device, dmaAddress, sizeBytes, both, detail);
    }
    below.poolMisused(device, misuse, dmaAddress, sizeBytes, detail);
  }

  @Override
  public String toString() {
    return "debug of " + below;
  }
}
