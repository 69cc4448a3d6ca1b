// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.verbs.FastRegMr;
import ib.verbs.ProtectionDomain;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** Memory that the peer may reach, and nothing but it: mapped and registered on its own. */
final class Region {
  private final IbDma dma;
  private final DmaMemory memory;
  private final DmaDirection direction;
  private final ScatterList list = new ScatterList(1);
  private final FastRegMr mr;
  private final long dmaAddress;

  /**
   * Maps for both directions and registers.
   *
   * @param access {@link ib.verbs.AccessFlags}
   */
  Region(Run run, ProtectionDomain pd, int sizeBytes, int access)
      throws RdmaException, ToolException {
    this(run, pd, sizeBytes, access, DmaDirection.BIDIRECTIONAL, segment -> {});
  }

  /**
   * Maps and registers.
   *
   * @param access {@link ib.verbs.AccessFlags}
   * @param direction of the mapping
   * @param fill what the memory holds at first
   */
  Region(
      Run run,
      ProtectionDomain pd,
      int sizeBytes,
      int access,
      DmaDirection direction,
      Consumer<MemorySegment> fill)
      throws RdmaException, ToolException {
    this.dma = run.local().device().dma();
    this.direction = direction;
    this.memory = run.add(run.local().pool().allocate(sizeBytes));
    fill.accept(memory.segment());
    list.add(memory, 0, sizeBytes);
    int mapped = dma.mapSg(list, 1, direction);
    if (mapped == 0) {
      throw new ToolException(
          sizeBytes + " bytes could not be mapped on " + run.local().device().name());
    }
    run.add(() -> dma.unmapSg(list, 1, direction));
    this.dmaAddress = dma.dmaAddress(list, 0);
    int page = DmaMemoryPool.PAGE_SIZE;
    int inPage = (int) (dmaAddress & (page - 1));
    this.mr = run.add(pd.allocMr((inPage + sizeBytes + page - 1) / page));
    mr.register(list, mapped, dmaAddress, access);
  }

  MemorySegment segment() {
    return memory.segment();
  }

  long address() {
    return dmaAddress;
  }

  int lkey() {
    return mr.lkey();
  }

  int rkey() {
    return mr.rkey();
  }

  /** What we wrote is for the device now. */
  void forDevice() {
    dma.syncSgForDevice(list, 1, direction);
  }

  /** What the device wrote is for us now. */
  void forCpu() {
    dma.syncSgForCpu(list, 1, direction);
  }
}
