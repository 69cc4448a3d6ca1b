// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.Mpt;
import ib.transport.hca.HcaResource;
import ib.verbs.AccessFlags;
import ib.verbs.MemoryRegion;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;

/**
 * A memory region: an entry of the protection table. Its key is for local and remote use alike.
 * This class by itself is the region of all memory, whose addresses are bus addresses.
 */
class MthcaMr extends HcaResource implements MemoryRegion {
  final MthcaHca hca;
  private final MthcaPd pd;

  /** Present key. */
  volatile int key;

  MthcaMr(MthcaHca hca, MthcaPd pd, ResourceBook book) {
    super(hca.commands, book, "mr " + hca.nextNumber());
    this.hca = hca;
    this.pd = pd;
  }

  static MthcaMr createAllMemory(MthcaHca hca, MthcaPd pd, ResourceBook book, int access)
      throws RdmaException {
    AccessFlags.check(access);
    MthcaMr mr = new MthcaMr(hca, pd, book);
    mr.open(Mpt.REGION | Mpt.PHYSICAL | Mpt.rights(access), -1L, 0);
    return mr;
  }

  /** Gives the hardware the entry, and books the region. */
  final void open(int flags, long lengthBytes, int firstTranslation) throws RdmaException {
    hca.resources().mrs().take();
    try {
      pd.use(this);
      key = hca.tables().takeKey(this);
      try (Mailboxes.Box box = hca.mailboxes.take()) {
        fill(box.segment(), flags, lengthBytes, firstTranslation);
        hca.hcr.execute(Command.SW2HW_MPT, box.address(), MthcaTables.index(key), 0);
      }
    } catch (RdmaException | RuntimeException e) {
      if (key != 0) {
        hca.tables().giveKey(key);
      }
      release();
      throw e;
    }
    opened();
  }

  private void fill(MemorySegment entry, int flags, long lengthBytes, int firstTranslation) {
    Be.put32(entry, Mpt.FLAGS, flags);
    Be.put32(entry, Mpt.PAGE_SIZE, MapEntries.PAGE_SHIFT);
    Be.put32(entry, Mpt.KEY, key);
    Be.put32(entry, Mpt.PD, pd.number());
    Be.put64(entry, Mpt.LENGTH, lengthBytes);
    Be.put32(entry, Mpt.LKEY, key);
    Be.put64(entry, Mpt.MTT_SEG, firstTranslation);
  }

  @Override
  public final int lkey() {
    return key;
  }

  @Override
  public final int rkey() {
    return key;
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.hcr.execute(Command.HW2SW_MPT, 0, MthcaTables.index(key), 0);
    hca.tables().giveKey(key);
  }

  @Override
  protected void release() {
    pd.unuse(this);
    hca.resources().mrs().give();
  }
}
