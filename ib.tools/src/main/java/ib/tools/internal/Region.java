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

/** Memory that the peer may reach, and nothing but it: mapped and registered on its own. */
final class Region {
  private final IbDma dma;
  private final DmaMemory memory;
  private final ScatterList list = new ScatterList(1);
  private final FastRegMr mr;
  private final long dmaAddress;

  /**
   * Maps and registers.
   *
   * @param access {@link ib.verbs.AccessFlags}
   */
  Region(Run run, ProtectionDomain pd, int sizeBytes, int access)
      throws RdmaException, ToolException {
    this.dma = run.local().device().dma();
    this.memory = run.add(run.local().pool().allocate(sizeBytes));
    list.add(memory, 0, sizeBytes);
    int mapped = dma.mapSg(list, 1, DmaDirection.BIDIRECTIONAL);
    if (mapped == 0) {
      throw new ToolException(
          sizeBytes + " bytes could not be mapped on " + run.local().device().name());
    }
    run.add(() -> dma.unmapSg(list, 1, DmaDirection.BIDIRECTIONAL));
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
    dma.syncSgForDevice(list, 1, DmaDirection.BIDIRECTIONAL);
  }

  /** What the device wrote is for us now. */
  void forCpu() {
    dma.syncSgForCpu(list, 1, DmaDirection.BIDIRECTIONAL);
  }
}
