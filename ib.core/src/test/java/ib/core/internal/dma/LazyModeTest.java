// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static ib.dma.DmaDirection.TO_DEVICE;
import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a device still reaches after a lazy unmap, how much of it, and until when. */
class LazyModeTest {
  private static final int MANY = 5 * FlushQueue.ENTRIES;
  private static final int BYTES = 4096;

  private final HostMemoryPool pool = new HostMemoryPool(64L << 20);
  private final DefaultDmaOps ops =
      new DefaultDmaOps(pool, new DmaModes(DmaSettings.of(DmaMode.IOMMU_LAZY)));
  private final IbDevice root = new IbDevice("mthca0", 1, 0xFFFF_FFFFL, 1 << 20, -1, "driver");
  private final IbDevice view = root.forOwner("ulp");
  private final IbDma dma = new IbDma(view, ops);
  private final DmaMemory memory = pool.allocate(BYTES);
  private final BusWindow window = new BusWindow();
  private DmaBus bus;

  @BeforeEach
  void attach() {
    ops.attach(root);
    ops.attach(view);
    bus = ops.bus(root);
  }

  private long mapAndUnmap() {
    long address = dma.mapSingle(memory, 0, BYTES, TO_DEVICE);
    assertThat(dma.mappingError(address)).isFalse();
    dma.unmapSingle(address, BYTES, TO_DEVICE);
    return address;
  }

  private boolean isReached(long address) {
    return bus.resolve(address, 1, DmaAccess.READ, window) == DmaFault.NONE;
  }

  @Test
  void shouldReachAtMostAQueueOfWhatWasUnmappedAndNothingOnceItIsFlushed() {
    Set<Long> unmapped = new HashSet<>(); // an address is given out again once it was flushed
    int most = 0;
    for (int i = 0; i < MANY; i++) {
      unmapped.add(mapAndUnmap());
      most = Math.max(most, memory.pinCount());
    }
    assertThat(most)
        .as("pins of what lingers")
        .isPositive()
        .isLessThanOrEqualTo(FlushQueue.ENTRIES);
    int reached = 0;
    for (long address : unmapped) {
      reached += isReached(address) ? 1 : 0;
    }
    assertThat(reached).isLessThanOrEqualTo(FlushQueue.ENTRIES);

    ops.flush();

    for (long address : unmapped) {
      assertThat(isReached(address)).as("0x%x after the flush", address).isFalse();
    }
    assertThat(memory.pinCount()).isZero();
  }

  /** Or those who map at the same time would starve each other, and each flush come too late. */
  @Test
  void shouldLetWhatWasUnmappedHaveAQuarterOfANarrowSpaceAtMost() {
    IbDevice narrow = new IbDevice("mthca1", 1, (1 << 23) - 1, 1 << 20, -1, "driver");
    ops.attach(narrow);
    IbDevice owner = narrow.forOwner("ulp");
    ops.attach(owner);
    IbDma some = new IbDma(owner, ops);
    DmaMemory large = pool.allocate(64 << 10);
    int quarter = IovaWindow.of(narrow.dmaMask(), 1).pages() / 4;
    int most = 0;
    for (int i = 0; i < MANY; i++) {
      long bytes = 4096L * (1 + i % 16);
      long address = some.mapSingle(large, 0, bytes, TO_DEVICE);
      assertThat(some.mappingError(address)).isFalse();
      some.unmapSingle(address, bytes, TO_DEVICE);
      most = Math.max(most, ops.statistics().getLast().pagesUsed());
    }
    assertThat(most).as("pages that linger").isBetween(1, quarter);

    ops.flush();

    assertThat(ops.statistics().getLast().pagesUsed()).isZero();
    assertThat(large.pinCount()).isZero();
  }

  @Test
  void shouldGiveNobodyAnAddressThatIsStillReached() {
    Set<Long> live = new HashSet<>();
    Set<Long> lingering = new HashSet<>();
    for (int i = 0; i < MANY; i++) {
      long address = dma.mapSingle(memory, 0, BYTES, TO_DEVICE);
      assertThat(live.add(address)).as("0x%x is nobody else's", address).isTrue();
      // What an address leads to may change only once it was out of reach.
      lingering.removeIf(old -> !isReached(old));
      assertThat(lingering).doesNotContain(address);
      if (i % 2 == 0) {
        dma.unmapSingle(address, BYTES, TO_DEVICE);
        live.remove(address);
        lingering.add(address);
      }
    }
    for (long address : live) {
      dma.unmapSingle(address, BYTES, TO_DEVICE);
    }
    ops.flush();
    assertThat(memory.pinCount()).isZero();
  }

  @Test
  void shouldKeepWhatIsReachedAliveThoughItsOwnerClosedIt() {
    DmaMemory closed = pool.allocate(BYTES);
    closed.segment().fill((byte) 7);
    long address = dma.mapSingle(closed, 0, BYTES, TO_DEVICE);
    dma.unmapSingle(address, BYTES, TO_DEVICE);
    closed.close();
    DmaMemory other = pool.allocate(BYTES);

    if (isReached(address)) {
      assertThat(window.segment().get(java.lang.foreign.ValueLayout.JAVA_BYTE, window.offset()))
          .isEqualTo((byte) 7);
      // The flush may have come in between; what was reached before it was the old memory.
    }
    ops.flush();
    assertThat(isReached(address)).isFalse();
    other.close();
    assertThat(pool.usedBytes()).isEqualTo(BYTES);
  }

  @Test
  void shouldReachNothingOfAnOwnerThatIsDetached() {
    long address = mapAndUnmap();
    ops.detach(view);
    ops.flush();
    assertThat(isReached(address)).isFalse();
    ops.detach(root);
    assertThat(bus.resolve(address, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.DETACHED);
    assertThat(memory.pinCount()).isZero();
  }
}
