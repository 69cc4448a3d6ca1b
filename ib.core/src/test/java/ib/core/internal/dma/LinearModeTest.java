// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.dma;

import static ib.dma.DmaDirection.BIDIRECTIONAL;
import static ib.dma.DmaDirection.TO_DEVICE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.BusAccessor;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where bus addresses lie in the modes that don't translate, and what a narrow mask makes of it.
 */
class LinearModeTest {
  private static final long MIB = 1L << 20;
  private static final long MASK_30_BITS = (1L << 30) - 1;
  private static final int BLOCK = (int) (8 * MIB);

  private final HostMemoryPool pool = new HostMemoryPool(256 * MIB);

  private static IbDevice device(long mask) {
    return new IbDevice("hca0", 1, mask, 1 << 30, -1, "driver");
  }

  private DefaultDmaOps ops(DmaMode mode, long base) {
    return new DefaultDmaOps(pool, new DmaModes(new DmaSettings(mode, base, 16 * MIB)));
  }

  @ParameterizedTest
  @ValueSource(longs = {0x2000_0000L, 0x40_0000_0000L, 0x4000_0000_0000_0000L})
  void shouldAddTheOffsetInThePoolToTheConfiguredBase(long base) {
    DefaultDmaOps ops = ops(DmaMode.DIRECT, base);
    IbDevice root = device(-1L);
    ops.attach(root);
    IbDma dma = new IbDma(root, ops);
    for (int i = 0; i < 5; i++) {
      DmaMemory memory = pool.allocate(3 * MIB);
      long offset = pool.offsetOf(memory.segment().address());

      long address = dma.mapSingle(memory, 5000, 100, TO_DEVICE);

      assertThat(address).isEqualTo(base + offset + 5000);
      dma.unmapSingle(address, 100, TO_DEVICE);
    }
  }

  @Test
  void shouldRefuseABaseThatTheMaskOrTheBounceSlotsLeaveNoPlaceFor() {
    assertThatThrownBy(() -> ops(DmaMode.DIRECT, 0x40_0000_0000L).attach(device(MASK_30_BITS)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "bus.base=0x4000000000 of hca0; give one from 0x[0-9a-f]+ to its DMA mask 0x3fffffff");
    assertThatThrownBy(() -> ops(DmaMode.AUTO, 4 * MIB).attach(device(MASK_30_BITS)))
        .hasMessageContaining("bus.base=0x400000 of hca0; give one from");
  }

  @ParameterizedTest
  @CsvSource({
    "direct, 0x400000001, 16, multiple of 0x400000",
    "direct, -4194304, 16, multiple of 0x400000",
    "direct, high, 16, 0x4000000000",
    "auto, 0, 3, power of two from 1 to 1024",
    "auto, 0, 2048, power of two from 1 to 1024",
    "linear, 0, 16, 'iommu-strict, iommu-lazy, direct, swiotlb, auto'"
  })
  void shouldNameTheKeyOfABadValueAndTheRemedy(String mode, String base, int mib, String remedy) {
    assertThatThrownBy(() -> DmaSettings.parse(mode, base, mib))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(remedy);
  }

  @Test
  void shouldMapDirectlyWhatANarrowMaskReachesAndCopyTheRest() {
    // The base leaves 16 MiB below the mask; the pool has more.
    long base = MASK_30_BITS + 1 - 16 * MIB;
    DefaultDmaOps ops = ops(DmaMode.AUTO, base);
    IbDevice root = device(MASK_30_BITS);
    ops.attach(root);
    IbDma dma = new IbDma(root, ops);
    BusAccessor device = new BusAccessor(ops.bus(root));
    int direct = 0;
    int copied = 0;
    for (int i = 0; i < 5; i++) {
      DmaMemory memory = pool.allocate(BLOCK);
      long offset = pool.offsetOf(memory.segment().address());
      boolean reaches = base + offset + BLOCK - 1 <= MASK_30_BITS;

      long address = dma.mapSingle(memory, 0, 4096, BIDIRECTIONAL);

      assertThat(dma.mappingError(address)).isFalse();
      assertThat((address + 4095) & ~MASK_30_BITS).as("0x%x is within the mask", address).isZero();
      if (reaches) {
        assertThat(address).isEqualTo(base + offset);
        direct++;
      } else {
        assertThat(address).isNotEqualTo(base + offset);
        copied++;
      }
      seesStaleDataUnlessDirect(dma, device, memory, address, reaches);
      dma.unmapSingle(address, 4096, BIDIRECTIONAL);
      assertThat(memory.pinCount()).isZero();
    }
    assertThat(direct).isPositive();
    assertThat(copied).isPositive();
    assertThat(ops.statistics(root).bouncedBytes()).isPositive();
    assertThat(ops.detach(root).total()).isZero();
  }

  private static void seesStaleDataUnlessDirect(
      IbDma dma, BusAccessor device, DmaMemory memory, long address, boolean direct) {
    memory.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 9);
    MemorySegment seen = Arena.ofAuto().allocate(1);
    assertThat(device.read(address, seen, 0, 1)).isTrue();
    assertThat(seen.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) (direct ? 9 : 0));
    dma.syncSingleForDevice(address, 4096, BIDIRECTIONAL);
    assertThat(device.read(address, seen, 0, 1)).isTrue();
    assertThat(seen.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 9);
  }

  @Test
  void shouldFailDirectlyWhatAMaskDoesNotReachWithTheReason() {
    long base = MASK_30_BITS + 1 - 16 * MIB;
    DefaultDmaOps ops = ops(DmaMode.DIRECT, base);
    IbDevice root = device(MASK_30_BITS);
    ops.attach(root);
    IbDma dma = new IbDma(root, ops);
    int failed = 0;
    for (int i = 0; i < 5; i++) {
      DmaMemory memory = pool.allocate(BLOCK);
      long address = dma.mapSingle(memory, 0, BLOCK, TO_DEVICE);
      if (dma.mappingError(address)) {
        failed++;
      } else {
        assertThat((address + BLOCK - 1) & ~MASK_30_BITS).isZero();
        dma.unmapSingle(address, BLOCK, TO_DEVICE);
      }
    }
    assertThat(failed).isPositive();
    assertThat(ops.statistics(root).failedMaps()).isEqualTo(Map.of("beyond-mask", (long) failed));
  }

  @Test
  void shouldReachAnyLiveMemoryOfThePoolAndNothingElse() {
    DefaultDmaOps ops = ops(DmaMode.DIRECT, 0x40_0000_0000L);
    IbDevice root = device(-1L);
    ops.attach(root);
    DmaMemory memory = pool.allocate(BLOCK);
    long address = 0x40_0000_0000L + pool.offsetOf(memory.segment().address());
    BusWindow window = new BusWindow();

    assertThat(ops.bus(root).resolve(address, BLOCK, DmaAccess.WRITE, window))
        .isEqualTo(DmaFault.NONE);
    memory.close();
    assertThat(ops.bus(root).resolve(address, 1, DmaAccess.WRITE, window))
        .isEqualTo(DmaFault.NOT_MAPPED);
    assertThat(ops.bus(root).resolve(0x40_0000_0000L - 1, 1, DmaAccess.READ, window))
        .isEqualTo(DmaFault.NOT_MAPPED);
  }

  @ParameterizedTest
  @EnumSource(DmaMode.class)
  void shouldPinForeignMemoryOfEverySharedKindWhileItIsMapped(DmaMode mode) {
    DefaultDmaOps ops = ops(mode, DmaSettings.CHOSEN);
    IbDevice root = device(-1L);
    ops.attach(root);
    IbDma dma = new IbDma(root, ops);
    try (Arena shared = Arena.ofShared()) {
      for (Arena arena : new Arena[] {shared, Arena.ofAuto(), Arena.global()}) {
        DmaMemory foreign = DmaMemory.ofForeign(arena.allocate(100).fill((byte) 4));
        long address = dma.mapSingle(foreign, 0, 100, BIDIRECTIONAL);
        assertThat(dma.mappingError(address)).isFalse();
        assertThat(foreign.pinCount()).isEqualTo(1);
        foreign.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 5);
        MemorySegment seen = Arena.ofAuto().allocate(1);
        assertThat(new BusAccessor(ops.bus(root)).read(address, seen, 0, 1)).isTrue();
        assertThat(seen.get(ValueLayout.JAVA_BYTE, 0)).as("a copy").isEqualTo((byte) 4);
        dma.unmapSingle(address, 100, BIDIRECTIONAL);
        ops.flush();
        assertThat(foreign.pinCount()).isZero();
      }
    }
  }
}
