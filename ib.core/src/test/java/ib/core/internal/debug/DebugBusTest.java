// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.BusAccessor;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The device's side: copies that show missing syncs, and accesses where nothing is mapped. */
class DebugBusTest {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection FROM = DmaDirection.FROM_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final MemorySegment BYTES = Arena.global().allocate(8192).fill((byte) 0x5A);

  private final Rig rig = new Rig();
  private final IbDma dma = rig.dma;
  private final BusWindow window = new BusWindow();

  private static byte at(DmaMemory memory, long offset) {
    return memory.segment().get(ValueLayout.JAVA_BYTE, offset);
  }

  private long map(DmaMemory memory, long offset, long length, DmaDirection direction) {
    long address = dma.mapSingle(memory, offset, length, direction);
    assertThat(dma.mappingError(address)).isFalse();
    return address;
  }

  private boolean deviceWrites(Rig on, long address, long bytes) {
    return new BusAccessor(on.bus).write(address, BYTES, 0, bytes);
  }

  @Test
  void shouldHideWhatTheDeviceWroteUntilTheSync() {
    DmaMemory memory = rig.pool.allocate(4096);
    memory.segment().fill((byte) 7);
    long address = map(memory, 100, 200, FROM);

    assertThat(deviceWrites(rig, address + 10, 20)).isTrue();
    assertThat(at(memory, 110)).isEqualTo((byte) 7);
    dma.syncSingleRangeForCpu(address, 0, 20, FROM);
    assertThat(at(memory, 110)).isEqualTo((byte) 0x5A);
    assertThat(at(memory, 125)).isEqualTo((byte) 7);
    dma.unmapSingle(address, 200, FROM);

    assertThat(at(memory, 129)).isEqualTo((byte) 0x5A);
    assertThat(at(memory, 130)).isEqualTo((byte) 7);
    assertThat(at(memory, 99)).isEqualTo((byte) 7);
    rig.assertFound().isEmpty();
  }

  @Test
  void shouldHideWhatTheCpuWroteUntilTheSync() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, BOTH);
    BusAccessor device = new BusAccessor(rig.bus);

    memory.segment().set(ValueLayout.JAVA_BYTE, 3, (byte) 9);
    assertThat(device.readInt(address)).isTrue();
    assertThat(device.value32()).isZero();
    dma.syncSingleForDevice(address, 64, BOTH);
    assertThat(device.readInt(address)).isTrue();
    assertThat(device.value32()).isEqualTo(9);
  }

  @Test
  void shouldKeepTheCpusViewWhenUnmapSkipsTheSync() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, FROM);
    deviceWrites(rig, address, 64);

    dma.unmapSingle(address, 64, FROM, DmaAttributes.SKIP_CPU_SYNC);

    assertThat(at(memory, 0)).isZero();
  }

  @Test
  void shouldShowEachEntryOfAMergedListItsOwnCopy() {
    DmaMemory memory = rig.pool.allocate(12_288);
    ScatterList list = new ScatterList(2).add(memory, 8192, 4096).add(memory, 0, 4096);
    int mapped = dma.mapSg(list, 2, FROM);
    assertThat(mapped).isEqualTo(1);

    assertThat(deviceWrites(rig, dma.dmaAddress(list, 0), 4100)).isTrue();
    assertThat(at(memory, 8192)).isZero();
    dma.unmapSg(list, 2, FROM);

    assertThat(at(memory, 8192)).isEqualTo((byte) 0x5A);
    assertThat(at(memory, 3)).isEqualTo((byte) 0x5A);
    assertThat(at(memory, 4)).isZero();
    assertThat(at(memory, 4096)).isZero();
    rig.assertFound().isEmpty();
  }

  @Test
  void shouldCopyForeignMemoryOnceBack() {
    MemorySegment foreign = Arena.ofShared().allocate(100);
    long address = map(DmaMemory.ofForeign(foreign), 0, 100, FROM);
    deviceWrites(rig, address, 50);

    dma.unmapSingle(address, 100, FROM);

    assertThat(foreign.get(ValueLayout.JAVA_BYTE, 49)).isEqualTo((byte) 0x5A);
    assertThat(foreign.get(ValueLayout.JAVA_BYTE, 50)).isZero();
  }

  @Test
  void shouldReportAnAccessOutsideAnyMapping() {
    assertThat(rig.bus.resolve(0x1234, 8, DmaAccess.READ, window)).isEqualTo(DmaFault.NOT_MAPPED);

    DmaReport report = rig.only(DmaMisuse.DEVICE_OUTSIDE_MAPPING);
    assertThat(report.owner()).isEqualTo("driver");
    assertThat(report.dmaAddress()).isEqualTo(0x1234);
    assertThat(report.foundAt()).contains(Thread.currentThread().getName());
  }

  @Test
  void shouldReportAnAccessThatLeavesItsMapping() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);

    assertThat(rig.bus.resolve(address + 60, 8, DmaAccess.READ, window))
        .isEqualTo(DmaFault.OUT_OF_BOUNDS);

    assertThat(rig.only(DmaMisuse.DEVICE_OUTSIDE_MAPPING).owner()).isEqualTo(Rig.OWNER);
  }

  @Test
  void shouldReportAnAccessAgainstTheDirection() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);

    assertThat(rig.bus.resolve(address, 8, DmaAccess.WRITE, window))
        .isEqualTo(DmaFault.WRONG_DIRECTION);

    rig.only(DmaMisuse.DEVICE_WRONG_DIRECTION);
  }

  @Test
  void shouldSeeMoreThanOpsThatGuardNothing() {
    Rig identity = new Rig(DebugSettings.DEFAULT, true, -1);
    DmaMemory memory = identity.pool.allocate(4096);
    long address = identity.dma.mapSingle(memory, 0, 64, TO);
    long next = identity.dma.mapSingle(memory, 64, 64, FROM);

    assertThat(identity.bus.resolve(address, 64, DmaAccess.READ, window)).isEqualTo(DmaFault.NONE);
    assertThat(identity.bus.resolve(next, 64, DmaAccess.WRITE, window)).isEqualTo(DmaFault.NONE);
    identity.assertFound().isEmpty();

    identity.bus.resolve(address, 129, DmaAccess.READ, window);
    identity.bus.resolve(next, 65, DmaAccess.WRITE, window);
    identity.bus.resolve(address + 200, 1, DmaAccess.READ, window);

    identity
        .assertFound()
        .containsExactly(
            DmaMisuse.DEVICE_WRONG_DIRECTION,
            DmaMisuse.DEVICE_OUTSIDE_MAPPING,
            DmaMisuse.DEVICE_OUTSIDE_MAPPING);
  }

  @Test
  void shouldCountCopiesThatFindNoRoomAndGoOnWithout() {
    Rig small = new Rig(new DebugSettings(Set.of(), false, true, 100, 4096, 10), false, -1);
    DmaMemory memory = small.pool.allocate(8192);
    long address = small.dma.mapSingle(memory, 0, 8192, FROM);
    assertThat(small.dma.mappingError(address)).isFalse();

    assertThat(small.findings.dropped()).isEqualTo(1);
    assertThat(deviceWrites(small, address, 8192)).isTrue();
    assertThat(at(memory, 0)).isEqualTo((byte) 0x5A);
    small.dma.unmapSingle(address, 8192, FROM);
    small.assertFound().isEmpty();
  }
}
