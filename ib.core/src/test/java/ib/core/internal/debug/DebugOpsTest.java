// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.DmaAttributes;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Each class of misuse by a caller, and what is not misuse. */
class DebugOpsTest {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection FROM = DmaDirection.FROM_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;

  private final Rig rig = new Rig();
  private final IbDma dma = rig.dma;

  private long map(DmaMemory memory, long offset, long length, DmaDirection direction) {
    long address = dma.mapSingle(memory, offset, length, direction);
    assertThat(dma.mappingError(address)).isFalse();
    return address;
  }

  private static void refused(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldReportOverlapWithOwnerPlaceAndAddress() {
    DmaMemory memory = rig.pool.allocate(8192);
    map(memory, 0, 4097, FROM);
    rig.assertFound().isEmpty();

    long address = map(memory, 4096, 4096, TO);

    DmaReport report = rig.only(DmaMisuse.OVERLAP);
    assertThat(report.owner()).isEqualTo(Rig.OWNER);
    assertThat(report.device()).isEqualTo("mthca0");
    assertThat(report.dmaAddress()).isEqualTo(address);
    assertThat(report.sizeBytes()).isEqualTo(4096);
    assertThat(report.direction()).isEqualTo(TO);
    assertThat(report.mappedAt()).contains("DebugOpsTest.map(DebugOpsTest.java:");
    assertThat(report.detail()).contains("4097 bytes", "FROM_DEVICE");
  }

  @Test
  void shouldAllowNeighboursSharedReadsAndSkippedSyncs() {
    DmaMemory memory = rig.pool.allocate(8192);
    map(memory, 0, 100, FROM);
    map(memory, 100, 100, BOTH);
    map(memory, 200, 100, TO);
    map(memory, 250, 100, TO);
    long skipped = dma.mapSingle(memory, 0, 100, FROM, DmaAttributes.SKIP_CPU_SYNC);

    assertThat(dma.mappingError(skipped)).isFalse();
    rig.assertFound().isEmpty();
  }

  @Test
  void shouldReportMemoryThatCannotBeMapped() {
    dma.mapSingle(DmaMemory.ofForeign(MemorySegment.ofArray(new byte[64])), 0, 64, TO);
    try (Arena confined = Arena.ofConfined()) {
      dma.mapSingle(DmaMemory.ofForeign(confined.allocate(64)), 0, 64, TO);
    }
    MemorySegment readOnly = Arena.ofAuto().allocate(64).asReadOnly();
    dma.mapSingle(DmaMemory.ofForeign(readOnly), 0, 64, FROM);
    DmaMemory closed = rig.pool.allocate(64);
    closed.close();
    dma.mapSingle(closed, 0, 64, TO);
    dma.mapSg(new ScatterList(1).add(closed, 0, 64), 1, TO);

    rig.assertFound().hasSize(5).containsOnly(DmaMisuse.UNMAPPABLE_MEMORY);
  }

  @Test
  void shouldReportTooLongEntriesAndMappings() {
    DmaMemory memory = rig.pool.allocate(1 << 17);
    ScatterList list = new ScatterList(1).add(memory, 0, (1 << 16) + 1);
    refused(() -> dma.mapSg(list, 1, TO));

    DmaReport report = rig.only(DmaMisuse.ENTRY_TOO_LONG);
    assertThat(report.sizeBytes()).isEqualTo((1 << 16) + 1);
    assertThat(report.foundAt()).contains("DebugOpsTest");
    rig.assertFound().hasSize(1);
  }

  @Test
  void shouldReportEntriesAcrossTheBoundary() {
    Rig narrow = new Rig(DebugSettings.DEFAULT, false, 0x1FFF);
    DmaMemory memory = narrow.pool.allocate(1 << 16);
    ScatterList list = new ScatterList(1).add(memory, 4095, 8192);

    refused(() -> narrow.dma.mapSg(list, 1, TO));

    narrow.only(DmaMisuse.ENTRY_ACROSS_BOUNDARY);
  }

  @Test
  void shouldReportEntriesThatTheOpsLetCrossTheBoundary() {
    Rig identity = new Rig(DebugSettings.DEFAULT, true, 0x1FFF);
    DmaMemory memory = identity.pool.allocate(1 << 16);

    identity.dma.mapSg(new ScatterList(1).add(memory, 4096, 8000), 1, TO);

    assertThat(identity.only(DmaMisuse.ENTRY_ACROSS_BOUNDARY).detail()).startsWith("the ops made");
  }

  @Test
  void shouldReportInvalidArguments() {
    DmaMemory memory = rig.pool.allocate(64);
    refused(() -> dma.mapSingle(memory, 0, 64, DmaDirection.NONE));
    refused(() -> dma.mapSingle(memory, 0, 0, TO));
    assertThatThrownBy(() -> dma.mapSingle(memory, 1, 64, TO))
        .isInstanceOf(IndexOutOfBoundsException.class);

    rig.assertFound().hasSize(3).containsOnly(DmaMisuse.INVALID_ARGUMENT);
  }

  @Test
  void shouldReportUnmapOfTheErrorValue() {
    refused(() -> dma.unmapSingle(-1, 64, TO));

    assertThat(rig.only(DmaMisuse.UNMAP_OF_ERROR).owner()).isEqualTo(Rig.OWNER);
    rig.assertFound().hasSize(1);
  }

  @Test
  void shouldReportUnmapOfWhatIsNotMappedAndDoubleUnmap() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);
    dma.unmapSingle(address, 64, TO);
    rig.assertFound().isEmpty();

    refused(() -> dma.unmapSingle(address, 64, TO));

    rig.only(DmaMisuse.UNMAP_OF_NOT_MAPPED);
  }

  @Test
  void shouldReportADoubleUnmapWithOpsThatDoNotNotice() {
    Rig identity = new Rig(DebugSettings.DEFAULT, true, -1);
    DmaMemory memory = identity.pool.allocate(64);
    long first = identity.dma.mapSingle(memory, 0, 64, TO);
    long second = identity.dma.mapSingle(memory, 0, 64, TO);
    assertThat(second).isEqualTo(first);
    assertThat(identity.dma.mappingError(first)).isFalse();
    assertThat(identity.dma.mappingError(second)).isFalse();
    identity.dma.unmapSingle(first, 64, TO);
    identity.dma.unmapSingle(second, 64, TO);
    identity.assertFound().isEmpty();

    identity.dma.unmapSingle(first, 64, TO);

    identity.only(DmaMisuse.UNMAP_OF_NOT_MAPPED);
  }

  @Test
  void shouldReportUnmapThroughAnotherOwner() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);

    refused(() -> rig.user("ib.ulp.thief").unmapSingle(address, 64, TO));

    DmaReport report = rig.only(DmaMisuse.UNMAP_OF_NOT_MAPPED);
    assertThat(report.owner()).isEqualTo("ib.ulp.thief");
    assertThat(report.detail()).contains(Rig.OWNER);
    dma.unmapSingle(address, 64, TO);
    rig.assertFound().hasSize(1);
  }

  @Test
  void shouldReportWrongSizeFamilyAndDirection() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);

    refused(() -> dma.unmapSingle(address, 63, TO));
    rig.only(DmaMisuse.WRONG_SIZE);
    refused(() -> dma.unmapSingle(address, 64, FROM));
    rig.only(DmaMisuse.WRONG_DIRECTION);
    refused(() -> dma.unmapPage(address, 64, TO));
    assertThat(rig.only(DmaMisuse.WRONG_FAMILY).detail()).contains("single", "page");

    dma.unmapSingle(address, 64, TO);
    rig.assertFound().hasSize(3);
  }

  @Test
  void shouldReportCoherentMemoryFreedWithAnotherSizeOrMemory() {
    DmaCoherent memory = dma.allocCoherent(100);
    DmaCoherent other = dma.allocCoherent(100);
    rig.below.freeCoherent(dma.device(), new DmaCoherent(memory.memory(), other.dmaAddress(), 100));
    refused(() -> dma.freeCoherent(new DmaCoherent(memory.memory(), memory.dmaAddress(), 99)));
    rig.only(DmaMisuse.WRONG_SIZE);

    dma.freeCoherent(new DmaCoherent(other.memory(), memory.dmaAddress(), 100));

    rig.only(DmaMisuse.WRONG_MEMORY);
    rig.assertFound().hasSize(2);
  }

  @Test
  void shouldReportAListThatNamesOtherMemory() {
    DmaMemory memory = rig.pool.allocate(8192);
    ScatterList list = new ScatterList(2).add(memory, 0, 64).add(memory, 4096, 64);
    int mapped = dma.mapSg(list, 2, TO);
    ScatterList forged = new ScatterList(2).add(memory, 64, 64).add(memory, 4096, 64);
    for (int i = 0; i < mapped; i++) {
      forged.setMapped(i, dma.dmaAddress(list, i), dma.dmaLen(list, i));
    }
    forged.setMappedEntries(mapped);

    dma.unmapSg(forged, 2, TO);

    rig.only(DmaMisuse.WRONG_MEMORY);
  }

  @Test
  void shouldReportWrongEntryCounts() {
    DmaMemory memory = rig.pool.allocate(8192);
    ScatterList list = new ScatterList(2).add(memory, 0, 64).add(memory, 4096, 64);
    dma.mapSg(list, 2, TO);

    refused(() -> dma.unmapSg(list, 1, TO));
    rig.only(DmaMisuse.WRONG_ENTRY_COUNT);
    refused(() -> dma.syncSgForCpu(list, 1, TO));
    rig.only(DmaMisuse.SYNC_WRONG_COUNT);

    dma.unmapSg(list, 2, TO);
    rig.assertFound().hasSize(2);
  }

  @Test
  void shouldReportMoreEntriesSyncedThanMapped() {
    DmaMemory memory = rig.pool.allocate(8192);
    ScatterList list = new ScatterList(2).add(memory, 0, 64).add(memory, 4096, 64);
    dma.mapSg(list, 1, TO);

    refused(() -> dma.syncSgForDevice(list, 2, TO));

    assertThat(rig.only(DmaMisuse.SYNC_WRONG_COUNT).detail())
        .isEqualTo("mapped with 1 entries, synced with 2");
  }

  @Test
  void shouldReportAListMappedTwice() {
    DmaMemory memory = rig.pool.allocate(64);
    ScatterList list = new ScatterList(1).add(memory, 0, 64);
    dma.mapSg(list, 1, TO);

    refused(() -> dma.mapSg(list, 1, TO));

    assertThat(rig.only(DmaMisuse.LIST_MAPPED_TWICE).mappedAt()).contains("DebugOpsTest");
    dma.unmapSg(list, 1, TO);
    refused(() -> dma.unmapSg(list, 1, TO));
    rig.only(DmaMisuse.UNMAP_OF_NOT_MAPPED);
  }

  @Test
  void shouldReportAMappingErrorThatNobodyAskedFor() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = dma.mapSingle(memory, 0, 64, TO);

    dma.unmapSingle(address, 64, TO);

    assertThat(rig.only(DmaMisuse.ERROR_NEVER_CHECKED).owner()).isEqualTo(Rig.OWNER);
  }

  @Test
  void shouldReportSyncsOfWhatIsNotMappedAndOutsideTheRange() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);

    refused(() -> dma.syncSingleForCpu(address + 8, 8, TO));
    rig.only(DmaMisuse.SYNC_OF_NOT_MAPPED);
    refused(() -> dma.syncSingleRangeForDevice(address, 60, 5, TO));
    rig.only(DmaMisuse.SYNC_OUTSIDE_RANGE);
    refused(() -> dma.syncSgForCpu(new ScatterList(1).add(memory, 0, 64), 1, TO));
    rig.assertFound().hasSize(3);
  }

  @Test
  void shouldReportSyncsInTheWrongDirectionAndThoseWithoutSense() {
    DmaMemory memory = rig.pool.allocate(128);
    long to = map(memory, 0, 64, TO);
    long from = map(memory, 64, 64, FROM);

    refused(() -> dma.syncSingleForDevice(to, 64, FROM));
    rig.only(DmaMisuse.SYNC_WRONG_DIRECTION);
    refused(() -> dma.syncSingleForCpu(to, 64, FROM));
    rig.only(DmaMisuse.SYNC_SENSELESS);
    refused(() -> dma.syncSingleForDevice(from, 64, TO));

    rig.assertFound()
        .containsExactly(
            DmaMisuse.SYNC_WRONG_DIRECTION,
            DmaMisuse.SYNC_WRONG_DIRECTION,
            DmaMisuse.SYNC_SENSELESS,
            DmaMisuse.SYNC_WRONG_DIRECTION,
            DmaMisuse.SYNC_SENSELESS);
  }

  @Test
  void shouldReportWhatIsLeftOverWithItsPlace() {
    DmaMemory memory = rig.pool.allocate(8192);
    map(memory, 0, 64, FROM);
    dma.mapSg(new ScatterList(1).add(memory, 4096, 64), 1, BOTH);
    long used = rig.pool.usedBytes();

    rig.ops.detach(dma.device());

    rig.assertFound().containsOnly(DmaMisuse.LEFT_OVER).hasSize(2);
    assertThat(rig.findings.reports())
        .allSatisfy(report -> assertThat(report.mappedAt()).contains("DebugOpsTest"))
        .allSatisfy(report -> assertThat(report.owner()).isEqualTo(Rig.OWNER));
    assertThat(rig.pool.usedBytes()).isEqualTo(used - 8192); // both copies
  }

  @Test
  void shouldIgnoreUnmapsThroughAViewThatIsGone() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = map(memory, 0, 64, TO);
    rig.ops.detach(dma.device());

    dma.unmapSingle(address, 64, TO);
    dma.syncSingleForCpu(address, 64, TO);

    rig.assertFound().containsExactly(DmaMisuse.LEFT_OVER);
  }

  @Test
  void shouldReportCpuWritesWhileTheDeviceOwnsTheBuffer() {
    DmaMemory memory = rig.pool.allocate(256);
    long address = map(memory, 0, 256, TO);
    dma.syncSingleRangeForCpu(address, 64, 64, TO);
    memory.segment().set(ValueLayout.JAVA_BYTE, 64, (byte) 1);
    memory.segment().set(ValueLayout.JAVA_BYTE, 127, (byte) 1);
    dma.syncSingleRangeForDevice(address, 64, 64, TO);
    rig.assertFound().isEmpty();

    memory.segment().set(ValueLayout.JAVA_BYTE, 100, (byte) 2);
    dma.syncSingleRangeForCpu(address, 96, 32, TO);

    assertThat(rig.only(DmaMisuse.CPU_WRITE).detail()).contains("offset 64");
    dma.syncSingleRangeForDevice(address, 96, 32, TO);
    memory.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 3);
    dma.unmapSingle(address, 256, TO);
    rig.assertFound().containsExactly(DmaMisuse.CPU_WRITE, DmaMisuse.CPU_WRITE);
  }

  @Test
  void shouldReportCpuWritesToAListThatTheDeviceReads() {
    DmaMemory memory = rig.pool.allocate(8192);
    ScatterList list = new ScatterList(2).add(memory, 0, 4096).add(memory, 4096, 4096);
    dma.mapSg(list, 2, TO);
    memory.segment().set(ValueLayout.JAVA_BYTE, 5000, (byte) 1);

    dma.unmapSg(list, 2, TO);

    rig.only(DmaMisuse.CPU_WRITE);
  }

  @Test
  void shouldLeaveOwnershipToTheCpuWhenSyncIsSkipped() {
    DmaMemory memory = rig.pool.allocate(64);
    long address = dma.mapSingle(memory, 0, 64, TO, DmaAttributes.SKIP_CPU_SYNC);
    assertThat(dma.mappingError(address)).isFalse();
    memory.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    dma.syncSingleForDevice(address, 64, TO);
    dma.unmapSingle(address, 64, TO, DmaAttributes.SKIP_CPU_SYNC);

    rig.assertFound().isEmpty();
  }

  @Test
  void shouldCheckOnlyTheOwnersChosen() {
    Rig chosen =
        new Rig(new DebugSettings(Set.of("other"), false, true, 100, 1 << 20, 10), false, -1);
    IbDma other = chosen.user("other");
    refused(() -> chosen.dma.unmapSingle(0x10000, 64, TO));
    refused(() -> other.unmapSingle(0x10000, 64, TO));

    assertThat(chosen.only(DmaMisuse.UNMAP_OF_NOT_MAPPED).owner()).isEqualTo("other");
  }

  @Test
  void shouldBoundItsMemoryAndCountWhatItDrops() {
    Rig small = new Rig(new DebugSettings(Set.of(), false, true, 2, 1 << 20, 10), false, -1);
    DmaMemory memory = small.pool.allocate(4096);
    long[] addresses = new long[4];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = small.dma.mapSingle(memory, i * 64, 64, TO);
      assertThat(small.dma.mappingError(addresses[i])).isFalse();
    }
    assertThat(small.findings.dropped()).isEqualTo(2);
    for (long address : addresses) {
      small.dma.unmapSingle(address, 64, TO);
    }
    small.assertFound().isEmpty();

    refused(() -> small.dma.unmapSingle(addresses[0], 64, TO));
    small.only(DmaMisuse.UNMAP_OF_NOT_MAPPED);
    IbDevice view = small.dma.device();
    small.ops.detach(view);
    small.assertFound().hasSize(1);
  }
}
