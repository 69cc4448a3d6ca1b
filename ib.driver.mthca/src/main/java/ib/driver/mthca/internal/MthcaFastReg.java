// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.Mpt;
import ib.driver.mthca.internal.prm.Mtt;
import ib.transport.hca.BoundException;
import ib.transport.hca.FastRegCheck;
import ib.transport.hca.Quota;
import ib.verbs.AccessFlags;
import ib.verbs.FastRegMr;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;

/**
 * A region for fast registration: the driver writes translations and the protection entry where the
 * hardware reads them, without a command. While it writes, software owns the entry; taking it back
 * from the hardware needs a command, so that no access is under way.
 */
final class MthcaFastReg extends MthcaMr implements FastRegMr {
  private static final long PAGE_MASK = MapEntries.PAGE - 1;

  private final int maxPages;
  private final int firstTranslation;

  /** Passed by whoever registers or invalidates. */
  private final Gate gate = new Gate();

  private long mappedIova;
  private long mappedBytes;

  private MthcaFastReg(
      MthcaHca hca, MthcaPd pd, ResourceBook book, int maxPages, int firstTranslation) {
    super(hca, pd, book);
    this.maxPages = maxPages;
    this.firstTranslation = firstTranslation;
  }

  static MthcaFastReg create(MthcaHca hca, MthcaPd pd, ResourceBook book, int maxPages)
      throws RdmaException {
    Quota.checkLimit(
        "pages of a region of " + hca.commands.device(), maxPages, MthcaHca.MAX_FAST_REG_PAGES);
    hca.commands.requirePresent("allocating a region");
    int first = hca.tables().takeTranslations(maxPages);
    try {
      MthcaFastReg mr = new MthcaFastReg(hca, pd, book, maxPages, first);
      mr.open(Mpt.REGION | Mpt.FAST_REG | Mpt.FREE, 0, first);
      hca.fastRegs.add(mr);
      return mr;
    } catch (RdmaException | RuntimeException e) {
      hca.tables().giveTranslations(first, maxPages);
      throw e;
    }
  }

  @Override
  public void register(ScatterList list, int mappedEntries, long iova, int access)
      throws RdmaException {
    AccessFlags.check(access);
    requireOpen();
    IbDma dma = hca.context.dma();
    long bytes = FastRegCheck.check(label(), dma, list, mappedEntries, maxPages);
    gate.enter();
    try {
      // Inside, and only then: the tables stay while somebody is.
      requireOpen();
      takeBack();
      write(dma, list, mappedEntries, bytes, iova, access);
    } finally {
      gate.leave();
    }
  }

  private void write(
      IbDma dma, ScatterList list, int mappedEntries, long bytes, long iova, int access) {
    writeTranslations(dma, list, mappedEntries);
    int newKey = hca.tables().renewKey(key);
    MemorySegment segment = hca.tables().protectionMemory(newKey);
    int entry = hca.tables().protectionOffset(newKey);
    Be.put32(segment, entry + Mpt.KEY, newKey);
    Be.put32(segment, entry + Mpt.LKEY, newKey);
    Be.put64(segment, entry + Mpt.START, iova);
    Be.put64(segment, entry + Mpt.LENGTH, bytes);
    Be.put32(segment, entry + Mpt.FIRST_BYTE_OFFSET, (int) (dma.dmaAddress(list, 0) & PAGE_MASK));
    Be.release32(segment, entry + Mpt.FLAGS, Mpt.REGION | Mpt.FAST_REG | Mpt.rights(access));
    key = newKey;
  }

  @Override
  public void map(ScatterList list, int mappedEntries, long iova) throws RdmaException {
    requireOpen();
    IbDma dma = hca.context.dma();
    long bytes = FastRegCheck.check(label(), dma, list, mappedEntries, maxPages);
    gate.enter();
    try {
      requireOpen();
      prepare(dma, list, mappedEntries, bytes);
    } finally {
      gate.leave();
    }
    mappedIova = iova;
    mappedBytes = bytes;
    key = hca.tables().nextKey(key);
  }

  /** The entry is free while it changes: the hardware looks at the rest only in a registration. */
  private void prepare(IbDma dma, ScatterList list, int mappedEntries, long bytes)
      throws RdmaException {
    MemorySegment segment = hca.tables().protectionMemory(key);
    int entry = hca.tables().protectionOffset(key);
    if (isValid(segment, entry)) {
      throw new RdmaException(label() + " is registered; invalidate it first");
    }
    writeTranslations(dma, list, mappedEntries);
    Be.put64(segment, entry + Mpt.LENGTH, bytes);
    Be.put32(segment, entry + Mpt.FIRST_BYTE_OFFSET, (int) (dma.dmaAddress(list, 0) & PAGE_MASK));
    Be.release32(segment, entry + Mpt.FLAGS, Mpt.REGION | Mpt.FAST_REG | Mpt.FREE);
  }

  private static boolean isValid(MemorySegment segment, int entry) {
    return Mpt.isValid(Be.acquire32(segment, entry + Mpt.FLAGS));
  }

  long mappedIova() {
    return mappedIova;
  }

  long mappedBytes() {
    return mappedBytes;
  }

  private void writeTranslations(IbDma dma, ScatterList list, int mappedEntries) {
    int index = firstTranslation;
    for (int i = 0; i < mappedEntries; i++) {
      long begin = dma.dmaAddress(list, i);
      long end = begin + dma.dmaLen(list, i);
      for (long page = begin & ~PAGE_MASK; page < end; page += MapEntries.PAGE) {
        hca.tables().setTranslation(index++, page | Mtt.PRESENT);
      }
    }
  }

  @Override
  public void invalidate() throws RdmaException {
    gate.enter();
    try {
      requireOpen();
      takeBack();
    } finally {
      gate.leave();
    }
  }

  boolean isUnused() {
    return gate.awaitEmpty();
  }

  /** When this returns the key is dead, and no access by it is under way. */
  private void takeBack() throws RdmaException {
    MemorySegment segment = hca.tables().protectionMemory(key);
    int entry = hca.tables().protectionOffset(key);
    int windows = Be.get32(segment, entry + Mpt.WINDOW_COUNT);
    if (windows != 0) {
      throw new BoundException(
          label() + " has " + windows + " windows bound; invalidate them first");
    }
    boolean registered = isValid(segment, entry);
    Be.release32(segment, entry + Mpt.FLAGS, Mpt.SW_OWNS);
    if (registered) {
      hca.hcr.execute(Command.SYNC_TPT, 0, 0, 0);
    }
  }

  @Override
  public int maxPages() {
    return maxPages;
  }

  @Override
  protected void release() {
    hca.fastRegs.remove(this);
    super.release();
  }

  @Override
  protected void destroy() throws RdmaException {
    super.destroy();
    if (!gate.awaitEmpty()) {
      return;
    }
    hca.tables().giveTranslations(firstTranslation, maxPages);
  }
}
