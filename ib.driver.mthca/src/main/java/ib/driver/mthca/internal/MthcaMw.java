// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Mpt;
import ib.transport.hca.HcaWindow;
import ib.verbs.MwType;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;

/** A memory window: an entry of the protection table that requests fill. */
final class MthcaMw extends HcaWindow {
  private final MthcaHca hca;
  private final MthcaPd pd;

  /** A key of the entry's index. */
  private int index;

  private MthcaMw(MthcaHca hca, MthcaPd pd, ResourceBook book, MwType type) {
    super(hca.commands, book, "mw " + hca.nextNumber(), type);
    this.hca = hca;
    this.pd = pd;
  }

  static MthcaMw create(MthcaHca hca, MthcaPd pd, ResourceBook book, MwType type)
      throws RdmaException {
    hca.commands.requirePresent("allocating a memory window");
    hca.resources().mrs().take();
    MthcaMw mw = new MthcaMw(hca, pd, book, type);
    try {
      pd.use(mw);
      mw.open();
    } catch (RdmaException | RuntimeException e) {
      mw.release();
      throw e;
    }
    mw.opened();
    return mw;
  }

  private void open() throws RdmaException {
    int key = hca.tables().takeKey(this);
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      MemorySegment entry = box.segment();
      int kind = type() == MwType.TYPE_2 ? Mpt.WINDOW_TYPE_2 : 0;
      Be.put32(entry, Mpt.FLAGS, Mpt.WINDOW | Mpt.FREE | kind);
      Be.put32(entry, Mpt.KEY, key);
      Be.put32(entry, Mpt.PD, pd.number());
      hca.hcr.execute(Command.SW2HW_MPT, box.address(), MthcaTables.index(key), 0);
    } catch (RdmaException | RuntimeException e) {
      hca.tables().giveKey(key);
      throw e;
    }
    index = key;
    setKey(key);
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.hcr.execute(Command.HW2SW_MPT, 0, MthcaTables.index(index), 0);
    hca.tables().giveKey(index);
  }

  @Override
  protected void release() {
    pd.unuse(this);
    hca.resources().mrs().give();
  }
}
