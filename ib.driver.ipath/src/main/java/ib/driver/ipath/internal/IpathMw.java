// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.hca.HcaWindow;
import ib.transport.hca.WindowEntry;
import ib.verbs.MwType;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;

/** A memory window: an entry of the table of keys. */
final class IpathMw extends HcaWindow {
  private final IpathHca hca;
  private final IpathPd pd;
  private final WindowEntry entry;

  private IpathMw(IpathHca hca, IpathPd pd, ResourceBook book, MwType type) {
    super(hca.commands, book, "mw " + hca.nextNumber(), type);
    this.hca = hca;
    this.pd = pd;
    entry = new WindowEntry(pd, type);
  }

  static IpathMw create(IpathHca hca, IpathPd pd, ResourceBook book, MwType type)
      throws RdmaException {
    hca.commands.requirePresent("allocating a memory window");
    hca.mwQuota.take();
    IpathMw mw = new IpathMw(hca, pd, book, type);
    try {
      pd.use(mw);
      if (!hca.commands.call("allocating " + mw.label(), () -> hca.keys.add(mw.entry))) {
        throw new RdmaException("no free key on " + hca.commands.device() + "; close some windows");
      }
    } catch (RdmaException | RuntimeException e) {
      mw.release();
      throw e;
    }
    mw.setKey(mw.entry.key());
    mw.opened();
    return mw;
  }

  @Override
  protected void destroy() throws RdmaException {
    commands()
        .call(
            "closing " + label(),
            () -> {
              hca.keys.remove(entry);
              return true;
            });
  }

  @Override
  protected void release() {
    pd.unuse(this);
    hca.mwQuota.give();
  }
}
