// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.DmaArguments;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * InfiniPath's own DMA operations: a DMA address is the virtual address, because a CPU does the
 * work. Nothing is translated, merged or synced; there is no table of mappings, only books of how
 * much each owner has mapped in which memory. The error value is 0. Foreign native memory is
 * bounced through pool memory, whose address it then has.
 */
public final class IpathDmaOps implements IbDmaOps {
  /** What a failed map returns. */
  static final long ERROR = 0;

  private final DmaMemoryPool pool;
  private final Consumer<String> log;
  private final LongSupplier clockNs;

  /**
   * Creates operations that tell no log which maps fail.
   *
   * @param pool the host's
   */
  public IpathDmaOps(DmaMemoryPool pool) {
    this(pool, line -> {}, System::nanoTime);
  }

  /**
   * Creates the operations.
   *
   * @param pool the host's
   * @param log told, not too often, which maps fail
   * @param clockNs the time
   */
  IpathDmaOps(DmaMemoryPool pool, Consumer<String> log, LongSupplier clockNs) {
    this.pool = pool;
    this.log = log;
    this.clockNs = clockNs;
  }

  @Override
  public void attach(IbDevice device) {
    if (device.opsData() != null) {
      throw new IllegalStateException(device + " is attached already; detach it first");
    }
    IbDevice parent = device.parent();
    if (parent == null) {
      device.setOpsData(new IpathBook(new IpathSpace(pool, new FailedMaps(log, clockNs)), device));
      return;
    }
    IpathBook root = book(parent);
    if (root == null) {
      throw new IllegalStateException(device + ": attach " + parent.name() + " before its views");
    }
    device.setOpsData(new IpathBook(root.space(), device));
  }

  private static @Nullable IpathBook book(IbDevice device) {
    Object data = device.opsData();
    if (data instanceof IpathBook book) {
      return book;
    }
    if (data != null) {
      throw new IllegalArgumentException(device + " is attached to other ops; call those");
    }
    return null;
  }

  @Override
  public DmaUsage usage(IbDevice device) {
    IpathBook book = book(device);
    return book == null ? DmaUsage.NONE : book.usage();
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    IpathBook book = book(device);
    if (book == null) {
      return DmaUsage.NONE;
    }
    device.setOpsData(null);
    if (device.parent() == null) {
      book.space().detach();
    }
    return book.close();
  }

  @Override
  public DmaBus bus(IbDevice device) {
    IpathBook book = book(device);
    if (book == null) {
      throw new IllegalStateException(device + " is not attached");
    }
    return book.space();
  }

  /** None: without a table of mappings there is nothing to hold a call or an access against. */
  @Override
  public Set<DmaGuarantee> guarantees(IbDevice device) {
    return Set.of();
  }

  @Override
  public DmaStatistics statistics(IbDevice device) {
    IpathBook book = book(device);
    return book == null ? DmaStatistics.uncounted(DmaUsage.NONE) : book.space().statistics();
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == ERROR;
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    check(device, direction, attributes);
    DmaArguments.checkRange(device, memory, offsetBytes, lengthBytes);
    IpathBook book = book(device);
    return book == null
        ? ERROR
        : book.map(memory, offsetBytes, lengthBytes, direction, attributes, false);
  }

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    check(device, direction, attributes);
    checkLength(device, lengthBytes);
    IpathBook book = book(device);
    if (book != null && !book.unmap(dmaAddress, lengthBytes, direction, attributes, false)) {
      throw notMapped(device, dmaAddress);
    }
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    check(device, direction, attributes);
    checkEntries(device, list, entries);
    if (list.mappedEntries() != 0) {
      throw new IllegalArgumentException(device + ": the list is mapped already; unmap it first");
    }
    IpathBook book = book(device);
    if (book == null) {
      return 0;
    }
    for (int i = 0; i < entries; i++) {
      long length = list.length(i);
      long address =
          length > device.maxSegmentSizeBytes()
              ? book.failed(FailedMaps.Cause.TOO_LONG, length)
              : book.map(list.memory(i), list.offset(i), length, direction, attributes, true);
      if (address == ERROR) {
        unwind(book, list, i, direction, attributes);
        return 0;
      }
      list.setMapped(i, address, length);
    }
    list.setMappedEntries(entries);
    return entries;
  }

  private static void unwind(
      IpathBook book, ScatterList list, int mapped, DmaDirection direction, int attributes) {
    int quietly = attributes | DmaAttributes.SKIP_CPU_SYNC;
    for (int i = 0; i < mapped; i++) {
      book.unmap(list.rawDmaAddress(i), list.rawDmaLength(i), direction, quietly, true);
    }
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    check(device, direction, attributes);
    checkEntries(device, list, entries);
    IpathBook book = book(device);
    if (book == null) {
      list.setMappedEntries(0);
      return;
    }
    checkMapped(device, list, entries);
    list.setMappedEntries(0);
    for (int i = 0; i < entries; i++) {
      if (!book.unmap(list.rawDmaAddress(i), list.rawDmaLength(i), direction, attributes, true)) {
        throw notMapped(device, list.rawDmaAddress(i));
      }
    }
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    check(device, direction, DmaAttributes.NONE);
    IpathBook book = book(device);
    if (book != null) {
      book.space().synced();
      book.space().syncForCpu(dmaAddress, offsetBytes, lengthBytes, direction);
    }
  }

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    check(device, direction, DmaAttributes.NONE);
    IpathBook book = book(device);
    if (book != null) {
      book.space().synced();
      book.space().syncForDevice(dmaAddress, offsetBytes, lengthBytes, direction);
    }
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    check(device, direction, DmaAttributes.NONE);
    IpathBook book = book(device);
    if (book != null) {
      checkMapped(device, list, entries);
      book.space().synced();
      for (int i = 0; i < entries; i++) {
        book.space().syncForCpu(list.rawDmaAddress(i), 0, list.rawDmaLength(i), direction);
      }
    }
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    check(device, direction, DmaAttributes.NONE);
    IpathBook book = book(device);
    if (book != null) {
      checkMapped(device, list, entries);
      book.space().synced();
      for (int i = 0; i < entries; i++) {
        book.space().syncForDevice(list.rawDmaAddress(i), 0, list.rawDmaLength(i), direction);
      }
    }
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    checkLength(device, sizeBytes);
    IpathBook book = book(device);
    return book == null ? null : book.allocCoherent(sizeBytes);
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent coherent) {
    IpathBook book = book(device);
    if (book != null && !book.freeCoherent(coherent)) {
      throw notMapped(device, coherent.dmaAddress());
    }
  }

  private static void check(IbDevice device, DmaDirection direction, int attributes) {
    DmaArguments.checkDirection(device, direction);
    DmaAttributes.check(attributes);
  }

  private static void checkLength(IbDevice device, long lengthBytes) {
    if (lengthBytes <= 0) {
      throw new IllegalArgumentException(device + ": length " + lengthBytes + "; give 1 or more");
    }
  }

  private static void checkEntries(IbDevice device, ScatterList list, int entries) {
    if (entries < 1 || entries > list.entries()) {
      throw new IllegalArgumentException(
          device + ": " + entries + " entries of a list of " + list.entries());
    }
  }

  /** Nothing is ever merged, so the mapped entries are the original ones. */
  private static void checkMapped(IbDevice device, ScatterList list, int entries) {
    if (list.mappedEntries() != entries) {
      throw new IllegalArgumentException(
          device
              + ": "
              + entries
              + " entries of a list mapped with "
              + list.mappedEntries()
              + "; give the number that was mapped");
    }
  }

  private static IllegalArgumentException notMapped(IbDevice device, long address) {
    return new IllegalArgumentException(
        device + ": 0x" + Long.toHexString(address) + " is not mapped that way");
  }
}
