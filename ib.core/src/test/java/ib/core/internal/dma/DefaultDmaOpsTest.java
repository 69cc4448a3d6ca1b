// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static ib.dma.DmaDirection.BIDIRECTIONAL;
import static ib.dma.DmaDirection.FROM_DEVICE;
import static ib.dma.DmaDirection.NONE;
import static ib.dma.DmaDirection.TO_DEVICE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ib.dma.BusAccessor;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(DmaMode.class)
class DefaultDmaOpsTest {
  private static final long MIB = 1L << 20;

  private final HostMemoryPool pool = new HostMemoryPool(64 * MIB);
  private final DmaMode mode;
  private final DefaultDmaOps ops;
  private final IbDevice root = device("mthca0", 0xFFFF_FFFFL);
  private final DmaBus bus;
  private final IbDevice view = root.forOwner("ib.ulp.srp");
  private final IbDma dma;
  private final BusWindow window = new BusWindow();

  DefaultDmaOpsTest(DmaMode mode) {
    this.mode = mode;
    this.ops =
        new DefaultDmaOps(pool, new DmaModes(new DmaSettings(mode, DmaSettings.CHOSEN, 16 * MIB)));
    this.bus = attach(root);
    this.dma = dma(view);
  }

  /** The device reaches what is mapped and nothing else. */
  private boolean isolates() {
    return mode != DmaMode.DIRECT && mode != DmaMode.AUTO;
  }

  /** What the area of bounce slots takes once something was bounced. */
  private long areaBytes() {
    return mode == DmaMode.IOMMU_STRICT || mode == DmaMode.IOMMU_LAZY ? 0 : 16 * MIB;
  }

  /** The same before foreign memory was bounced. */
  private long idleBytes() {
    return copies() ? 16 * MIB : 0;
  }

  private boolean copies() {
    return mode == DmaMode.SWIOTLB;
  }

  private static IbDevice device(String name, long mask) {
    return new IbDevice(name, 1, mask, 1 << 20, -1, "ib.driver.mthca");
  }

  private DmaBus attach(IbDevice device) {
    ops.attach(device);
    return ops.bus(device);
  }

  private IbDma dma(IbDevice device) {
    ops.attach(device);
    return new IbDma(device, ops);
  }

  private DmaFault read(long address, long length) {
    return bus.resolve(address, length, DmaAccess.READ, window);
  }

  private DmaFault write(long address, long length) {
    return bus.resolve(address, length, DmaAccess.WRITE, window);
  }

  // ---- addresses

  @Test
  void shouldReachExactlyTheMappedBytes() {
    DmaMemory memory = pool.allocate(20_000);
    long address = dma.mapSingle(memory, 5000, 9000, TO_DEVICE);
    assertThat(dma.mappingError(address)).isFalse();
    assertThat(read(address, 9000)).isEqualTo(DmaFault.NONE);
    assertThat(window.segment().equals(memory.segment())).isEqualTo(!copies());
    long offset = copies() ? window.offset() : 5000;
    assertThat(window.offset()).isEqualTo(offset);
    assertThat(window.length()).isEqualTo(9000);
    assertThat(read(address + 8999, 1)).isEqualTo(DmaFault.NONE);
    assertThat(window.offset()).isEqualTo(offset + 8999);
    assumeTrue(isolates(), "the device reaches the whole pool");
    assertThat(read(address + 9000, 1)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(read(address + 8999, 2)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
    assertThat(read(address - 1, 2)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(read(address, Long.MAX_VALUE)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
  }

  @Test
  void shouldKeepTheOffsetInThePageAndNeverEqualTheVirtualAddress() {
    DmaMemory memory = pool.allocate(20_000);
    long address = dma.mapSingle(memory, 4099, 10, TO_DEVICE);
    assertThat(address & 0xFFF).isEqualTo(3);
    assertThat(address & root.dmaMask()).isEqualTo(address);
    assertThat(address).isNotEqualTo(memory.segment().address() + 4099);
  }

  @Test
  void shouldGiveNeighboursPagesOfTheirOwn() {
    assumeTrue(isolates(), "the device reaches the whole pool");
    DmaMemory memory = pool.allocate(4096);
    long a = dma.mapSingle(memory, 0, 100, TO_DEVICE);
    long b = dma.mapSingle(memory, 100, 100, TO_DEVICE);
    assertThat(a >>> 12).isNotEqualTo(b >>> 12);
    assertThat(read(a, 101)).isEqualTo(DmaFault.OUT_OF_BOUNDS);
    assertThat(read(b - 1, 1)).isEqualTo(DmaFault.NOT_MAPPED);
  }

  @Test
  void shouldHoldTheDeviceToTheDirection() {
    assumeTrue(isolates(), "the device reaches the whole pool");
    DmaMemory memory = pool.allocate(4096);
    long out = dma.mapSingle(memory, 0, 100, TO_DEVICE);
    long in = dma.mapSingle(memory, 100, 100, FROM_DEVICE);
    long both = dma.mapSingle(memory, 200, 100, BIDIRECTIONAL);
    assertThat(write(out, 1)).isEqualTo(DmaFault.WRONG_DIRECTION);
    assertThat(read(in, 1)).isEqualTo(DmaFault.WRONG_DIRECTION);
    assertThat(write(in, 100)).isEqualTo(DmaFault.NONE);
    assertThat(read(both, 100)).isEqualTo(DmaFault.NONE);
    assertThat(write(both, 100)).isEqualTo(DmaFault.NONE);
  }

  @Test
  void shouldFaultOnAnAddressWhileItRests() {
    DmaMemory memory = pool.allocate(4096);
    long address = dma.mapSingle(memory, 0, 4096, TO_DEVICE);
    dma.unmapSingle(address, 4096, TO_DEVICE);
    assumeTrue(isolates(), "the device reaches the whole pool");
    ops.flush();
    assertThat(read(address, 1)).isEqualTo(DmaFault.NOT_MAPPED);
    // As long as others of that size that the thread keeps: half a ring, or of a narrow window
    // less.
    for (int i = 1; i < (copies() ? 8 : Lane.RING / 2); i++) {
      long next = dma.mapSingle(memory, 0, 4096, TO_DEVICE);
      assertThat(next).isNotEqualTo(address);
      dma.unmapSingle(next, 4096, TO_DEVICE);
    }
    assertThat(read(address, 1)).isEqualTo(DmaFault.NOT_MAPPED);
  }

  @Test
  void shouldCountFaultsByCause() {
    assumeTrue(isolates(), "the device reaches the whole pool");
    read(0, 1);
    read(0, 1);
    read(-1, 1);
    read(0x1_0000_0000L, 1);
    long address = dma.mapSingle(pool.allocate(10), 0, 10, TO_DEVICE);
    write(address, 1);
    read(address, 11);
    assertThat(ops.statistics().getFirst().faults())
        .isEqualTo(
            Map.of(
                DmaFault.NOT_MAPPED, 2L,
                DmaFault.OUTSIDE_MASK, 2L,
                DmaFault.WRONG_DIRECTION, 1L,
                DmaFault.OUT_OF_BOUNDS, 1L));
  }

  @Test
  void shouldMeanNothingToAnotherDeviceOrAnotherAttachment() {
    IbDevice other = device("ehca0", 0xFFF_FFFFL);
    DmaBus otherBus = attach(other);
    IbDevice twin = device("mthca1", 0xFFFF_FFFFL);
    DmaBus twinBus = attach(twin);
    DmaMemory memory = pool.allocate(4096);
    long mine = dma.mapSingle(memory, 0, 4096, BIDIRECTIONAL);
    dma(other.forOwner("u")).mapSingle(memory, 0, 4096, BIDIRECTIONAL);
    dma(twin.forOwner("u")).mapSingle(memory, 0, 4096, BIDIRECTIONAL);
    assertThat(otherBus.resolve(mine, 1, DmaAccess.READ, window)).isNotEqualTo(DmaFault.NONE);
    assertThat(twinBus.resolve(mine, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);

    ops.detach(view);
    ops.detach(root);
    assertThat(read(mine, 1)).isEqualTo(DmaFault.DETACHED);
    DmaBus again = attach(root);
    long next = dma(root.forOwner("ib.ulp.srp")).mapSingle(memory, 0, 4096, BIDIRECTIONAL);
    assertThat(next).isNotEqualTo(mine);
    assertThat(again.resolve(mine, 1, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);
  }

  @Test
  void shouldFailWhenTheSpaceIsFullAndGoOnWhenThereIsRoom() {
    assumeTrue(isolates(), "the device reaches the whole pool");
    IbDevice narrow = device("ehca0", (1L << IovaWindow.MIN_MASK_BITS) - 1);
    attach(narrow);
    IbDma small = dma(narrow.forOwner("u"));
    DmaMemory memory = pool.allocate(64 * 1024);
    assertThat(small.maxMappingSize()).isEqualTo(64 * 1024);
    long[] addresses = new long[4];
    for (int i = 0; i < 4; i++) {
      addresses[i] = small.mapSingle(memory, 0, 64 * 1024, TO_DEVICE);
      assertThat(small.mappingError(addresses[i])).isFalse();
    }
    assertThat(small.mapSingle(memory, 0, 1, TO_DEVICE)).isEqualTo(~0L);
    assertThat(small.allocCoherent(1)).isNull();
    small.unmapSingle(addresses[2], 64 * 1024, TO_DEVICE);
    assertThat(small.mappingError(small.mapSingle(memory, 0, 1, TO_DEVICE))).isFalse();
    assertThat(ops.statistics().getLast().failures()).containsEntry(MapFailure.NO_ADDRESS, 2L);
  }

  // ---- bad input

  @Test
  void shouldRefuseMisuseNamingDeviceAndRemedy() {
    DmaMemory memory = pool.allocate(4096);
    assertThatThrownBy(() -> dma.mapSingle(memory, 0, 1, NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("NONE")
        .hasMessageContaining("mthca0");
    assertThatThrownBy(() -> dma.mapSingle(memory, 0, 0, TO_DEVICE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mthca0");
    assertThatThrownBy(() -> dma.mapSingle(memory, 1, 4096, TO_DEVICE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> dma.mapSingle(memory, -1, 1, TO_DEVICE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> dma.mapSingle(memory, 0, 1, TO_DEVICE, 1 << 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0x8");
    assertThatThrownBy(() -> dma.mapPage(memory, 0, 4000, 97, TO_DEVICE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> dma.mapPage(memory, 1, 0, 1, TO_DEVICE))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> dma.mapSingle(nothing(), 0, 1, TO_DEVICE))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> dma.allocCoherent(0)).isInstanceOf(IllegalArgumentException.class);
    assertThat(dma.maxMappingSize())
        .isEqualTo(isolates() ? (copies() ? 4 : 256) * MIB : pool.limitBytes());
    assertThat(ops.usage(view)).isEqualTo(DmaUsage.NONE);
  }

  @SuppressWarnings("TypeParameterUnusedInFormals") // null is of every type
  private static <T> T nothing() {
    return null;
  }

  @Test
  void shouldRefuseAnUnmapThatIsNotThatOfTheMapAndLeaveTheBooksAlone() {
    DmaMemory memory = pool.allocate(8192);
    long address = dma.mapSingle(memory, 0, 100, TO_DEVICE);
    DmaUsage before = ops.usage(view);
    refusesUnmap("mapped with 100", () -> dma.unmapSingle(address, 99, TO_DEVICE), address);
    refusesUnmap("TO_DEVICE", () -> dma.unmapSingle(address, 100, FROM_DEVICE), address);
    refusesUnmap("NONE", () -> dma.unmapSingle(address, 100, NONE), 0);
    refusesUnmap("single", () -> dma.unmapPage(address, 100, TO_DEVICE), address);
    refusesUnmap("begins", () -> dma.unmapSingle(address + 1, 99, TO_DEVICE), address + 1);
    refusesUnmap("nothing", () -> dma.unmapSingle(~0L, 100, TO_DEVICE), ~0L);
    refusesUnmap("nothing", () -> dma.unmapSingle(12345, 100, TO_DEVICE), 12345);
    IbDma other = dma(root.forOwner("ib.ulp.srpt"));
    refusesUnmap(
        "belongs to ib.ulp.srp", () -> other.unmapSingle(address, 100, TO_DEVICE), address);
    assertThat(ops.usage(view)).isEqualTo(before).isEqualTo(new DmaUsage(1, 0, 0, 100));
    assertThat(read(address, 100)).isEqualTo(DmaFault.NONE);
    dma.unmapSingle(address, 100, TO_DEVICE);
    refusesUnmap("nothing", () -> dma.unmapSingle(address, 100, TO_DEVICE), address);
  }

  private void refusesUnmap(String why, Runnable unmap, long address) {
    assertThatThrownBy(unmap::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageContaining("mthca0")
        .hasMessageContaining(address == 0 ? "" : "0x" + Long.toHexString(address));
  }

  @Test
  void shouldRefuseASyncOutsideOfTheMapping() {
    DmaMemory memory = pool.allocate(8192);
    long address = dma.mapSingle(memory, 0, 100, FROM_DEVICE);
    dma.syncSingleForCpu(address, 100, FROM_DEVICE);
    dma.syncSingleRangeForDevice(address, 40, 60, FROM_DEVICE);
    refusesUnmap("leave", () -> dma.syncSingleForCpu(address, 101, FROM_DEVICE), address);
    refusesUnmap("leave", () -> dma.syncSingleRangeForCpu(address, 41, 60, FROM_DEVICE), address);
    refusesUnmap("FROM_DEVICE", () -> dma.syncSingleForDevice(address, 9, TO_DEVICE), address);
    refusesUnmap("nothing", () -> dma.syncSingleForCpu(77, 1, FROM_DEVICE), 77);
    long page = dma.mapPage(memory, 1, 8, 16, TO_DEVICE);
    dma.syncSingleForDevice(page, 16, TO_DEVICE);
    dma.unmapPage(page, 16, TO_DEVICE);
  }

  @Test
  void shouldRefuseADeviceItCanNotServe() {
    assertThatThrownBy(() -> ops.attach(device("x", 0xFFFF)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too narrow");
    IbDevice odd = new IbDevice("odd", 1, -1, 4096, 0x1FF, "d");
    assertThatThrownBy(() -> ops.attach(odd))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("boundary");
    assertThatThrownBy(() -> ops.attach(root)).isInstanceOf(IllegalStateException.class);
    IbDevice loose = device("loose", -1);
    assertThatThrownBy(() -> ops.attach(loose.forOwner("u")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("loose");
    assertThatThrownBy(() -> ops.bus(loose)).isInstanceOf(IllegalStateException.class);
    assertThat(ops.usage(loose)).isEqualTo(DmaUsage.NONE);
    assertThat(ops.detach(loose)).isEqualTo(DmaUsage.NONE);
  }

  // ---- memory

  @Test
  void shouldDeferTheCloseOfMappedMemoryAndRefuseClosedMemory() {
    DmaMemory memory = pool.allocate(4096);
    long address = dma.mapSingle(memory, 0, 4096, TO_DEVICE);
    memory.close();
    assertThat(pool.usedBytes()).isEqualTo(4096 + idleBytes());
    assertThat(read(address, 4096)).isEqualTo(DmaFault.NONE);
    assertThat(dma.mappingError(dma.mapSingle(memory, 0, 1, TO_DEVICE))).isTrue();
    dma.unmapSingle(address, 4096, TO_DEVICE);
    ops.flush();
    assertThat(pool.usedBytes()).isEqualTo(idleBytes());
    assertThat(ops.statistics().getFirst().failures()).isEqualTo(Map.of(MapFailure.CLOSED, 1L));
  }

  @Test
  void shouldBounceForeignMemoryByDirection() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment bytes = arena.allocate(10_000, 4096);
      bytes.fill((byte) 1);
      DmaMemory foreign = DmaMemory.ofForeign(bytes);
      BusAccessor device = new BusAccessor(bus);
      MemorySegment two = Arena.ofAuto().allocate(100).fill((byte) 2);
      MemorySegment seen = Arena.ofAuto().allocate(100);

      long address = dma.mapSingle(foreign, 4100, 100, FROM_DEVICE);
      assertThat(address & 0xFFF).isEqualTo((bytes.address() + 4100) & 0xFFF);
      assertThat(device.write(address, two, 0, 50)).isTrue();
      assertThat(at(bytes, 4100)).as("not synced yet").isEqualTo((byte) 1);
      dma.syncSingleRangeForCpu(address, 0, 10, FROM_DEVICE);
      assertThat(at(bytes, 4109)).isEqualTo((byte) 2);
      assertThat(at(bytes, 4110)).isEqualTo((byte) 1);
      dma.unmapSingle(address, 100, FROM_DEVICE);
      assertThat(at(bytes, 4149)).isEqualTo((byte) 2);
      assertThat(at(bytes, 4150)).as("what the device did not write").isEqualTo((byte) 1);
      assertThat(at(bytes, 4099)).isEqualTo((byte) 1);
      assertThat(at(bytes, 4200)).isEqualTo((byte) 1);

      address = dma.mapSingle(foreign, 0, 100, TO_DEVICE);
      bytes.fill((byte) 3);
      assertThat(device.read(address, seen, 0, 100)).isTrue();
      assertThat(at(seen, 0)).as("stale without a sync").isEqualTo((byte) 1);
      dma.syncSingleForDevice(address, 100, TO_DEVICE);
      assertThat(device.read(address, seen, 0, 100)).isTrue();
      assertThat(at(seen, 99)).isEqualTo((byte) 3);
      dma.unmapSingle(address, 100, TO_DEVICE);

      address = dma.mapSingle(foreign, 0, 100, BIDIRECTIONAL, DmaAttributes.SKIP_CPU_SYNC);
      assertThat(device.read(address, seen, 0, 100)).isTrue();
      assertThat(at(seen, 5)).as("nobody's old bytes").isZero();
      assertThat(device.write(address, two, 0, 100)).isTrue();
      dma.unmapSingle(address, 100, BIDIRECTIONAL, DmaAttributes.SKIP_CPU_SYNC);
      assertThat(at(bytes, 5)).isEqualTo((byte) 3);
    }
    ops.flush();
    assertThat(pool.usedBytes()).isEqualTo(areaBytes());
  }

  private static byte at(MemorySegment segment, long offset) {
    return segment.get(ValueLayout.JAVA_BYTE, offset);
  }

  @Test
  void shouldRefuseMemoryThatADeviceCanNotTouch() {
    MemorySegment heap = MemorySegment.ofArray(new byte[100]);
    assertThat(mapForeign(heap, TO_DEVICE)).isEqualTo(~0L);
    try (Arena confined = Arena.ofConfined()) {
      assertThat(mapForeign(confined.allocate(100), TO_DEVICE)).isEqualTo(~0L);
    }
    MemorySegment closed;
    try (Arena shared = Arena.ofShared()) {
      closed = shared.allocate(100);
    }
    assertThat(mapForeign(closed, TO_DEVICE)).isEqualTo(~0L);
    MemorySegment readOnly = Arena.global().allocate(100).asReadOnly();
    assertThat(mapForeign(readOnly, FROM_DEVICE)).isEqualTo(~0L);
    assertThat(mapForeign(readOnly, BIDIRECTIONAL)).isEqualTo(~0L);
    assertThat(ops.statistics().getFirst().failures()).isEqualTo(Map.of(MapFailure.UNMAPPABLE, 5L));
    long address = mapForeign(readOnly, TO_DEVICE);
    assertThat(address).isNotEqualTo(~0L);
    dma.unmapSingle(address, 100, TO_DEVICE);
  }

  private long mapForeign(MemorySegment segment, DmaDirection direction) {
    return dma.mapSingle(DmaMemory.ofForeign(segment), 0, 100, direction);
  }

  @Test
  void shouldSurviveAnArenaThatIsClosedUnderTheMapping() {
    Arena arena = Arena.ofShared();
    DmaMemory foreign = DmaMemory.ofForeign(arena.allocate(100));
    long address = dma.mapSingle(foreign, 0, 100, BIDIRECTIONAL);
    arena.close();
    assertThat(write(address, 100)).isEqualTo(DmaFault.NONE);
    dma.syncSingleForCpu(address, 100, BIDIRECTIONAL);
    dma.unmapSingle(address, 100, BIDIRECTIONAL);
    assertThat(ops.usage(view)).isEqualTo(DmaUsage.NONE);
    ops.flush();
    assertThat(pool.usedBytes()).isEqualTo(areaBytes());
  }

  @Test
  void shouldFailToBounceWhenThePoolIsFull() {
    DmaMemory all = pool.allocate(64 * MIB);
    MemorySegment foreign = Arena.global().allocate(100);
    assertThat(mapForeign(foreign, TO_DEVICE)).isEqualTo(~0L);
    assertThat(dma.allocCoherent(100)).isNull();
    all.close();
    assertThat(mapForeign(foreign, TO_DEVICE)).isNotEqualTo(~0L);
    assertThat(ops.statistics().getFirst().failures()).isEqualTo(Map.of(MapFailure.NO_MEMORY, 2L));
  }

  // ---- coherent

  @Test
  void shouldAlignCoherentMemoryAndItsAddress() {
    for (long size : new long[] {1, 4096, 5000, 65_536, 70_000, MIB, 3 * MIB}) {
      DmaCoherent coherent = dma.allocCoherent(size);
      assertThat(coherent).isNotNull();
      long power = Math.max(4096, Long.highestOneBit(2 * size - 1));
      assertThat(coherent.dmaAddress() % power).as("size %d", size).isZero();
      assertThat(coherent.memory().segment().address() % power).as("size %d", size).isZero();
      assertThat(coherent.memory().size()).isEqualTo(size);
      assertThat(at(coherent.memory().segment(), size - 1)).isZero();
      assertThat(read(coherent.dmaAddress(), size)).isEqualTo(DmaFault.NONE);
      assertThat(write(coherent.dmaAddress(), size)).isEqualTo(DmaFault.NONE);
      assertThat(ops.usage(view)).isEqualTo(new DmaUsage(0, 0, 1, size));
      long address = coherent.dmaAddress();
      refusesUnmap("coherent", () -> dma.unmapSingle(address, size, BIDIRECTIONAL), address);
      dma.freeCoherent(coherent);
      refusesUnmap("nothing", () -> dma.freeCoherent(coherent), address);
      assertThat(read(address, 1)).isEqualTo(DmaFault.NOT_MAPPED);
    }
    ops.flush();
    assertThat(pool.usedBytes()).isEqualTo(idleBytes());
    assertThat(dma.allocCoherent(HostMemoryPool.MAX_ALIGNMENT + 1)).isNull();
  }

  // ---- life

  @Test
  void shouldCountWhatAnOwnerLeftBeforeItReclaims() {
    DmaMemory memory = pool.allocate(100_000);
    IbDevice otherView = root.forOwner("ib.ulp.srpt");
    IbDma other = dma(otherView);
    long kept = other.mapSingle(memory, 0, 10, TO_DEVICE);
    long single = dma.mapSingle(memory, 0, 100, TO_DEVICE);
    dma.mapPage(memory, 1, 0, 50, TO_DEVICE);
    DmaCoherent coherent = dma.allocCoherent(1000);
    DmaUsage expected = new DmaUsage(2, 0, 1, 1150);
    assertThat(ops.usage(view)).isEqualTo(expected);
    assertThat(ops.detach(view)).isEqualTo(expected);
    assertThat(ops.usage(view)).isEqualTo(DmaUsage.NONE);
    assertThat(ops.detach(view)).isEqualTo(DmaUsage.NONE);
    // Freed by its last unpin; a device that reaches the whole pool still reaches what is live.
    assertThat(read(single, 1)).isEqualTo(isolates() ? DmaFault.NOT_MAPPED : DmaFault.NONE);
    assertThat(read(coherent.dmaAddress(), 1)).isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(coherent.memory().isClosed()).isTrue();
    assertThat(memory.pinCount()).isEqualTo(1);
    assertThat(read(kept, 10)).isEqualTo(DmaFault.NONE);

    dma.unmapSingle(single, 100, TO_DEVICE);
    dma.freeCoherent(coherent);
    assertThat(dma.mapSingle(memory, 0, 1, TO_DEVICE)).isEqualTo(~0L);
    assertThat(dma.allocCoherent(1)).isNull();

    other.unmapSingle(kept, 10, TO_DEVICE);
    assertThat(ops.detach(otherView)).isEqualTo(DmaUsage.NONE);
    assertThat(ops.detach(root)).isEqualTo(DmaUsage.NONE);
    assertThat(ops.statistics()).isEmpty();
  }

  @Test
  void shouldReachNothingAfterTheRootIsDetached() {
    DmaMemory memory = pool.allocate(100);
    long address = dma.mapSingle(memory, 0, 100, TO_DEVICE);
    assertThat(ops.detach(root)).isEqualTo(new DmaUsage(1, 0, 0, 100));
    assertThat(read(address, 1)).isEqualTo(DmaFault.DETACHED);
    assertThat(memory.pinCount()).isZero();
    dma.unmapSingle(address, 100, TO_DEVICE);
    assertThat(dma.mapSingle(memory, 0, 1, TO_DEVICE)).isEqualTo(~0L);
    assertThat(memory.pinCount()).isZero();
  }

  @Test
  void shouldSayWhichMasksItServes() {
    assertThat(dma.dmaSupported(0xFFFF_FFFFL)).isTrue();
    assertThat(dma.dmaSupported(-1L)).isTrue();
    assertThat(dma.dmaSupported(0xFFFF)).isFalse();
    assertThat(dma.dmaSupported(0xF0F0_F0F0L)).isFalse();
    assertThat(dma.mergeBoundary()).isEqualTo(isolates() ? 4095 : 0);
  }

  @Test
  void shouldCountMapsAndUnmaps() {
    DmaMemory memory = pool.allocate(100);
    long address = 0;
    for (int i = 0; i < 10; i++) {
      address = dma.mapSingle(memory, 0, 100, TO_DEVICE);
      if (i < 7) {
        dma.unmapSingle(address, 100, TO_DEVICE);
      }
    }
    DomainStatistics figures = ops.statistics().getFirst();
    assertThat(figures.maps()).isEqualTo(10);
    assertThat(figures.unmaps()).isEqualTo(7);
    assertThat(figures.live()).isEqualTo(new DmaUsage(3, 0, 0, 300));
    ops.flush();
    assertThat(ops.statistics().getFirst().pagesUsed()).isEqualTo(isolates() ? 3 : 0);
  }
}
