// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import ib.core.internal.dma.Mapping.Family;
import ib.dma.DmaArguments;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaStatistics;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * The one shared default ops: any number of devices, each with an address space of its own, in the
 * mode that {@link DmaModes} says. It holds no state of a device but in the device's slot.
 */
@Component(
    service = IbDmaOps.class,
    immediate = true,
    property = IbDmaOps.DEFAULT + ":Boolean=true")
public final class DefaultDmaOps implements IbDmaOps {
  private static final int PAGE = DmaMemoryPool.PAGE_SIZE;

  private final Bouncer bouncer;
  private final AtomicLong spaces = new AtomicLong();
  private final DmaModes modes;
  private final List<DmaDomain> domains = new CopyOnWriteArrayList<>();
  private final FailureLog failures;

  /**
   * Creates the ops.
   *
   * @param pool where coherent memory and bounce buffers come from
   * @param modes how each device maps; read when a device is attached
   * @param log where failing maps are told
   */
  @Activate
  public DefaultDmaOps(
      @Reference DmaMemoryPool pool,
      @Reference DmaModes modes,
      @Reference(service = LoggerFactory.class) Logger log) {
    this(pool, modes, new FailureLog(log::warn, System::nanoTime));
  }

  DefaultDmaOps(DmaMemoryPool pool, DmaModes modes, FailureLog failures) {
    this.bouncer = new Bouncer(pool);
    this.modes = modes;
    this.failures = failures;
  }

  /**
   * Creates ops that tell no failures.
   *
   * @param pool where coherent memory and bounce buffers come from
   * @param modes how each device maps; read when a device is attached
   */
  public DefaultDmaOps(DmaMemoryPool pool, DmaModes modes) {
    this(pool, modes, new FailureLog(line -> {}, System::nanoTime));
  }

  /**
   * Creates ops that serve every device in the usual mode.
   *
   * @param pool where coherent memory and bounce buffers come from
   */
  public DefaultDmaOps(DmaMemoryPool pool) {
    this(pool, new DmaModes(DmaSettings.DEFAULT));
  }

  @Override
  public void attach(IbDevice device) {
    if (device.opsData() != null) {
      throw new IllegalStateException(device + " is attached already; detach it first");
    }
    IbDevice parent = device.parent();
    if (parent == null) {
      DmaDomain domain = newSpace(device);
      device.setOpsData(new OwnerBook(domain, device.owner()));
      domains.add(domain);
      return;
    }
    OwnerBook root = book(parent);
    if (root == null || root.isClosed()) {
      throw new IllegalStateException(parent + " is not attached; attach it before its views");
    }
    device.setOpsData(new OwnerBook(root.domain(), device.owner()));
  }

  private DmaDomain newSpace(IbDevice device) {
    if (!fitsWindow(device.dmaMask())) {
      throw new IllegalArgumentException(
          "DMA mask 0x%x of %s is too narrow; give %d bits or more"
              .formatted(device.dmaMask(), device.name(), IovaWindow.MIN_MASK_BITS));
    }
    long boundary = device.segmentBoundaryMask();
    if ((boundary & (boundary + 1)) != 0 || (boundary >= 0 && boundary < PAGE - 1)) {
      throw new IllegalArgumentException(
          "segment boundary mask 0x%x of %s; give contiguous low bits, at least 0xfff"
              .formatted(boundary, device.name()));
    }
    DmaSettings settings = modes.of(device.name());
    long number = spaces.incrementAndGet();
    return switch (settings.mode()) {
      case IOMMU_STRICT -> IommuDomain.strict(device, number, bouncer);
      case IOMMU_LAZY -> IommuDomain.lazy(device, number, bouncer);
      case SWIOTLB -> IommuDomain.bouncing(device, number, bouncer, settings.bounceBytes(), null);
      case DIRECT, AUTO -> new LinearDomain(device, number, settings, bouncer);
    };
  }

  private static @Nullable OwnerBook book(IbDevice device) {
    Object data = device.opsData();
    if (data instanceof OwnerBook book) {
      return book;
    }
    if (data != null) {
      throw new IllegalArgumentException(device + " is attached to other ops; call those");
    }
    return null;
  }

  @Override
  public DmaUsage usage(IbDevice device) {
    OwnerBook book = book(device);
    return book == null ? DmaUsage.NONE : book.domain().usage(book);
  }

  @Override
  public DmaUsage detach(IbDevice device) {
    OwnerBook book = book(device);
    if (book == null) {
      return DmaUsage.NONE;
    }
    device.setOpsData(null);
    if (device.parent() != null) {
      return book.domain().detach(book);
    }
    domains.remove(book.domain());
    return book.domain().detachAll(book);
  }

  @Override
  public DmaBus bus(IbDevice device) {
    OwnerBook book = book(device);
    if (book == null) {
      throw new IllegalStateException(device + " is not attached; it has no bus");
    }
    return book.domain();
  }

  @Override
  public Set<DmaGuarantee> guarantees(IbDevice device) {
    return modes.of(device.name()).mode().guarantees();
  }

  @Override
  public DmaStatistics statistics(IbDevice device) {
    OwnerBook book = book(device);
    return book == null
        ? DmaStatistics.uncounted(DmaUsage.NONE)
        : book.domain().statistics().published();
  }

  @Override
  public boolean mappingError(IbDevice device, long dmaAddress) {
    return dmaAddress == DmaDomain.ERROR;
  }

  @Override
  public long mapSingle(
      IbDevice device,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    return map(device, Family.SINGLE, memory, offsetBytes, lengthBytes, direction, attributes);
  }

  private long map(
      IbDevice device,
      Family family,
      DmaMemory memory,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    check(device, direction, attributes);
    DmaArguments.checkRange(device, memory, offsetBytes, lengthBytes);
    OwnerBook book = book(device);
    if (book == null) {
      return DmaDomain.ERROR;
    }
    if (lengthBytes > longest(book)) {
      throw new IllegalArgumentException(
          "mapping of %d bytes on %s; map 1 to %d"
              .formatted(lengthBytes, device.name(), longest(book)));
    }
    long address =
        book.domain().map(book, family, memory, offsetBytes, lengthBytes, direction, attributes);
    if (address == DmaDomain.ERROR) {
      tell(book, lengthBytes, attributes);
    }
    return address;
  }

  private void tell(OwnerBook book, long sizeBytes, int attributes) {
    if ((attributes & DmaAttributes.NO_WARN) == 0 && !book.isClosed()) {
      failures.failed(book.domain(), book.owner(), sizeBytes);
    }
  }

  private static void check(IbDevice device, DmaDirection direction, int attributes) {
    DmaArguments.checkDirection(device, direction);
    DmaAttributes.check(attributes);
  }

  /** What the device wrote is seen before what the CPU reads next, unless that does not matter. */
  private static void orderAfter(int attributes) {
    if ((attributes & DmaAttributes.WEAK_ORDERING) == 0) {
      DmaDomain.order(true);
    }
  }

  private static boolean copiesBack(int attributes) {
    return (attributes & DmaAttributes.SKIP_CPU_SYNC) == 0;
  }

  @Override
  public void unmapSingle(
      IbDevice device, long dmaAddress, long lengthBytes, DmaDirection direction, int attributes) {
    unmap(device, Family.SINGLE, dmaAddress, lengthBytes, direction, attributes);
  }

  private static void unmap(
      IbDevice device,
      Family family,
      long dmaAddress,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    check(device, direction, attributes);
    OwnerBook book = book(device);
    if (book == null) {
      return;
    }
    book.domain()
        .unmap(book, family, dmaAddress, lengthBytes, direction, null, copiesBack(attributes));
    orderAfter(attributes);
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
    DmaArguments.checkPage(device, pageIndex, offsetInPage, lengthBytes);
    long offset = pageIndex * PAGE + offsetInPage;
    return map(device, Family.PAGE, memory, offset, lengthBytes, direction, attributes);
  }

  @Override
  public void unmapPage(
      IbDevice device, long dmaAddress, int lengthBytes, DmaDirection direction, int attributes) {
    unmap(device, Family.PAGE, dmaAddress, lengthBytes, direction, attributes);
  }

  @Override
  public int mapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    checkList(device, list, entries, direction, attributes);
    if (list.mappedEntries() != 0) {
      throw new IllegalArgumentException(
          "mapSg on " + device.name() + " of a list that is mapped; unmap it first");
    }
    OwnerBook book = book(device);
    if (book == null) {
      return 0;
    }
    int mapped = book.domain().mapSg(book, list, entries, direction, attributes);
    if (mapped == 0) {
      tell(book, list.totalBytes(), attributes);
    }
    return mapped;
  }

  private static void checkList(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    check(device, direction, attributes);
    if (entries < 1) {
      throw new IllegalArgumentException(
          "scatter list with " + entries + " entries on " + device.name() + "; give 1 or more");
    }
    Objects.checkFromIndexSize(0, entries, list.entries());
  }

  @Override
  public void unmapSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, int attributes) {
    checkList(device, list, entries, direction, attributes);
    OwnerBook book = book(device);
    if (book != null) {
      book.domain()
          .unmap(
              book,
              Family.SG,
              firstAddress(list),
              entries,
              direction,
              list,
              copiesBack(attributes));
    }
    list.setMappedEntries(0);
  }

  /** Where a list is mapped; of one that is not, where nothing is. */
  private static long firstAddress(ScatterList list) {
    return list.mappedEntries() == 0 ? DmaDomain.ERROR : list.rawDmaAddress(0);
  }

  @Override
  public void syncSingleRangeForCpu(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    sync(device, dmaAddress, offsetBytes, lengthBytes, direction, true);
  }

  @Override
  public void syncSingleRangeForDevice(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction) {
    sync(device, dmaAddress, offsetBytes, lengthBytes, direction, false);
  }

  private static void sync(
      IbDevice device,
      long dmaAddress,
      long offsetBytes,
      long lengthBytes,
      DmaDirection direction,
      boolean toCpu) {
    check(device, direction, DmaAttributes.NONE);
    OwnerBook book = book(device);
    if (book == null) {
      return;
    }
    book.domain()
        .sync(book, Family.SINGLE, dmaAddress, offsetBytes, lengthBytes, direction, null, toCpu);
  }

  @Override
  public void syncSgForCpu(IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    syncSg(device, list, entries, direction, true);
  }

  @Override
  public void syncSgForDevice(
      IbDevice device, ScatterList list, int entries, DmaDirection direction) {
    syncSg(device, list, entries, direction, false);
  }

  private static void syncSg(
      IbDevice device, ScatterList list, int entries, DmaDirection direction, boolean toCpu) {
    checkList(device, list, entries, direction, DmaAttributes.NONE);
    OwnerBook book = book(device);
    if (book == null) {
      return;
    }
    book.domain().sync(book, Family.SG, firstAddress(list), 0, entries, direction, list, toCpu);
  }

  @Override
  public @Nullable DmaCoherent allocCoherent(IbDevice device, long sizeBytes) {
    if (sizeBytes < 1) {
      throw new IllegalArgumentException(
          sizeBytes + " bytes of coherent memory for " + device.name() + "; ask for 1 or more");
    }
    OwnerBook book = book(device);
    return book == null ? null : book.domain().allocCoherent(book, sizeBytes);
  }

  @Override
  public void freeCoherent(IbDevice device, DmaCoherent coherent) {
    OwnerBook book = book(device);
    if (book == null) {
      return;
    }
    book.domain()
        .unmap(
            book,
            Family.COHERENT,
            coherent.dmaAddress(),
            coherent.sizeBytes(),
            DmaDirection.BIDIRECTIONAL,
            null,
            false);
  }

  @Override
  public boolean dmaSupported(IbDevice device, long mask) {
    OwnerBook book = book(device);
    if ((mask & (mask + 1)) != 0) {
      return false;
    }
    if (book == null) {
      return fitsWindow(mask);
    }
    long last = book.domain().lastAddress();
    return (last & mask) == last;
  }

  private static boolean fitsWindow(long mask) {
    return Long.SIZE - Long.numberOfLeadingZeros(mask) >= IovaWindow.MIN_MASK_BITS;
  }

  @Override
  public long maxMappingSize(IbDevice device) {
    OwnerBook book = book(device);
    return book == null ? 0 : longest(book);
  }

  private static long longest(OwnerBook book) {
    return book.domain().maxMappingSize();
  }

  @Override
  public long mergeBoundary(IbDevice device) {
    OwnerBook book = book(device);
    return book == null ? 0 : book.domain().mergeBoundary();
  }

  @Override
  public long optMappingSize(IbDevice device) {
    OwnerBook book = book(device);
    return book == null ? 0 : book.domain().optMappingSize();
  }

  @Override
  public long requiredMask(IbDevice device) {
    OwnerBook book = book(device);
    return book == null
        ? device.dmaMask()
        : -1L >>> Long.numberOfLeadingZeros(book.domain().lastAddress());
  }

  // ---- mappings in two steps

  @Override
  public boolean iovaTryAlloc(
      IbDevice device, DmaIova state, DmaMemory memory, long offsetBytes, long sizeBytes) {
    DmaArguments.checkRange(device, memory, offsetBytes, 1);
    if (sizeBytes < 1 || state.isInUse()) {
      throw new IllegalArgumentException(
          "reserving %d bytes on %s with %s; give 1 or more, and a state that is not in use"
              .formatted(sizeBytes, device.name(), state));
    }
    OwnerBook book = book(device);
    IovaRanges ranges = book == null ? null : book.domain().iovaRanges();
    return book != null
        && ranges != null
        && sizeBytes <= longest(book)
        && ranges.reserve(book, state, DmaDomain.inPage(memory, offsetBytes), sizeBytes);
  }

  /** What a state stands for; null if its owner is detached. */
  private static @Nullable IovaRange range(IbDevice device, DmaIova state) {
    OwnerBook book = book(device);
    if (state.isInUse() && (book == null || book.isClosed())) {
      return null;
    }
    if (!state.isInUse()
        || !(state.opsData() instanceof IovaRange range)
        || !range.belongsTo(book)) {
      throw new IllegalArgumentException(
          "%s on %s is not in use, or by somebody else; use what iovaTryAlloc filled in"
              .formatted(state, device));
    }
    return range;
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
    check(device, direction, attributes);
    DmaArguments.checkRange(device, memory, offsetBytes, lengthBytes);
    IovaRange range = range(device, state);
    boolean linked =
        range != null
            && range.link(iovaOffset, memory, offsetBytes, lengthBytes, direction, attributes);
    OwnerBook book = book(device);
    if (!linked && book != null) {
      tell(book, lengthBytes, attributes);
    }
    return linked;
  }

  @Override
  public boolean iovaSync(IbDevice device, DmaIova state, long iovaOffset, long lengthBytes) {
    IovaRange range = range(device, state);
    return range != null && range.sync(iovaOffset, lengthBytes);
  }

  @Override
  public void iovaUnlink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    check(device, direction, attributes);
    IovaRange range = range(device, state);
    if (range != null) {
      range.unlink(iovaOffset, lengthBytes, direction, copiesBack(attributes));
    }
  }

  @Override
  public void iovaFree(IbDevice device, DmaIova state) {
    IovaRange range = range(device, state);
    if (range == null) {
      state.end();
    } else {
      range.free(state);
    }
  }

  @Override
  public void iovaDestroy(
      IbDevice device, DmaIova state, long linkedBytes, DmaDirection direction, int attributes) {
    check(device, direction, attributes);
    IovaRange range = range(device, state);
    if (range == null) {
      state.end();
    } else {
      range.destroy(state, linkedBytes, direction, copiesBack(attributes));
    }
  }

  /**
   * Figures of all address spaces now.
   *
   * @return in order of attachment
   */
  public List<DomainStatistics> statistics() {
    return domains.stream().map(DmaDomain::statistics).toList();
  }

  /** Returns when nothing that was unmapped before is in any device's reach. */
  void flush() {
    domains.forEach(DmaDomain::flush);
  }

  @Override
  public String toString() {
    return "default DMA ops";
  }
}
