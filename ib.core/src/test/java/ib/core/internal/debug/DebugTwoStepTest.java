// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.dma.BusAccessor;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaPool;
import ib.dma.IbDma;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Misuse of mappings in two steps and of pools. */
class DebugTwoStepTest {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection BOTH = DmaDirection.BIDIRECTIONAL;
  private static final int PAGE = 4096;

  private final Rig rig = new Rig();
  private final IbDma dma = rig.dma;
  private final DmaMemory memory = rig.pool.allocate(4L * PAGE);
  private final DmaIova state = new DmaIova();

  private void reserve() {
    assertThat(dma.iovaTryAlloc(state, memory, 0, 3L * PAGE)).isTrue();
  }

  private void link(long at, long bytes, DmaDirection direction) {
    assertThat(dma.iovaLink(state, at, memory, at, bytes, direction)).isTrue();
  }

  private static void refused(ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
  }

  private boolean deviceReads(long address, int bytes) {
    MemorySegment into = MemorySegment.ofArray(new byte[bytes]);
    return new BusAccessor(rig.bus).read(address, into, 0, bytes);
  }

  @Test
  void shouldReportNothingOfLegalUse() {
    reserve();
    link(0, PAGE, BOTH);
    link(PAGE, PAGE + 10, BOTH);
    assertThat(dma.iovaSync(state, 0, 2L * PAGE + 10)).isTrue();
    assertThat(deviceReads(state.address(), 2 * PAGE + 10)).isTrue();
    dma.syncSingleForCpu(state.address() + PAGE, 10, BOTH);
    dma.syncSingleForDevice(state.address() + PAGE, 10, BOTH);
    dma.iovaUnlink(state, PAGE, PAGE + 10, BOTH);
    dma.iovaDestroy(state, PAGE, BOTH);
    rig.ops.detach(dma.device());

    rig.assertFound().isEmpty();
    assertThat(rig.pool.usedBytes()).as("memory and no copies").isEqualTo(4L * PAGE);
  }

  @Test
  void shouldReportALinkOutOfOrder() {
    reserve();

    refused(() -> dma.iovaLink(state, PAGE, memory, 0, PAGE, TO));

    DmaReport report = rig.only(DmaMisuse.TWO_STEP_ORDER);
    assertThat(report.dmaAddress()).isEqualTo(state.address() + PAGE);
    assertThat(report.owner()).isEqualTo(Rig.OWNER);
    assertThat(report.detail()).contains("out of order");
  }

  @Test
  void shouldReportUseBeforeSyncAlsoBehindWhatIsSynced() {
    reserve();
    link(0, PAGE, TO);
    assertThat(dma.iovaSync(state, 0, PAGE)).isTrue();
    link(PAGE, PAGE, TO);

    assertThat(deviceReads(state.address(), PAGE)).isTrue();
    rig.assertFound().isEmpty();
    assertThat(deviceReads(state.address(), 2 * PAGE)).isFalse();

    assertThat(rig.only(DmaMisuse.TWO_STEP_NOT_SYNCED).mappedAt()).contains("DebugTwoStepTest");
  }

  @Test
  void shouldReportAFreeOfWhatIsLinked() {
    reserve();
    link(0, PAGE, TO);

    refused(() -> dma.iovaFree(state));
    refused(() -> dma.iovaDestroy(state, 0, TO));

    rig.assertFound()
        .containsExactly(DmaMisuse.TWO_STEP_STILL_LINKED, DmaMisuse.TWO_STEP_STILL_LINKED);
  }

  @Test
  void shouldReportWrongUnlinks() {
    reserve();
    link(0, PAGE, TO);

    refused(() -> dma.iovaUnlink(state, PAGE, PAGE, TO));
    rig.assertFound().containsExactly(DmaMisuse.UNMAP_OF_NOT_MAPPED);
    refused(() -> dma.iovaUnlink(state, 0, 8, TO));
    rig.only(DmaMisuse.WRONG_SIZE);
    refused(() -> dma.iovaUnlink(state, 0, PAGE, BOTH));
    rig.only(DmaMisuse.WRONG_DIRECTION);
    refused(() -> dma.unmapSingle(state.address(), PAGE, TO));
    rig.only(DmaMisuse.WRONG_FAMILY);
    refused(() -> dma.iovaSync(state, PAGE, PAGE));
    rig.only(DmaMisuse.SYNC_OF_NOT_MAPPED);
    dma.iovaDestroy(state, PAGE, TO);
    assertThat(rig.found()).hasSize(5);
  }

  @Test
  void shouldReportWhatIsLeftOver() {
    reserve();
    link(0, PAGE, TO);

    rig.ops.detach(dma.device());

    rig.assertFound().containsExactly(DmaMisuse.LEFT_OVER, DmaMisuse.LEFT_OVER);
    assertThat(rig.findings.reports().getLast().detail()).contains("never freed");
  }

  @Test
  void shouldReportCpuWritesToALinkedRange() {
    reserve();
    link(0, PAGE, TO);
    memory.segment().set(ValueLayout.JAVA_BYTE, 5, (byte) 1);

    dma.iovaDestroy(state, PAGE, TO);

    rig.assertFound().containsExactly(DmaMisuse.CPU_WRITE);
  }

  @Test
  void shouldReportMisuseOfPools() {
    DmaPool pool = dma.createPool("small", 32, 32, 0, 4);
    DmaPool other = dma.createPool("other", 32, 32, 0, 4);
    DmaPool.Block block = Objects.requireNonNull(pool.alloc());

    refused(() -> other.free(block));
    DmaReport foreign = rig.only(DmaMisuse.POOL_FOREIGN_BLOCK);
    assertThat(foreign.dmaAddress()).isEqualTo(block.dmaAddress());
    assertThat(foreign.foundAt()).contains("DebugTwoStepTest");
    assertThat(foreign.detail()).contains("DMA pool other", "mthca0");
    assertThatThrownBy(pool::close).isInstanceOf(IllegalStateException.class);
    rig.only(DmaMisuse.POOL_BLOCKS_LEFT);
    pool.free(block);
    refused(() -> pool.free(block));
    rig.only(DmaMisuse.POOL_DOUBLE_FREE);
    pool.close();
    other.close();
    assertThat(rig.found()).hasSize(3);
  }
}
