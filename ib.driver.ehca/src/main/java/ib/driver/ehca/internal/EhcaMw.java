// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.hca.HcaWindow;
import ib.verbs.MwType;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;

/** A memory window. */
final class EhcaMw extends HcaWindow {
  private final EhcaHca hca;
  private final EhcaPd pd;
  private long handle;

  private EhcaMw(EhcaHca hca, EhcaPd pd, ResourceBook book, MwType type) {
    super(hca.commands, book, "mw " + hca.nextNumber(), type);
    this.hca = hca;
    this.pd = pd;
  }

  static EhcaMw create(EhcaHca hca, EhcaPd pd, ResourceBook book, MwType type)
      throws RdmaException {
    EhcaMw mw = new EhcaMw(hca, pd, book, type);
    pd.use(mw);
    try {
      HcallResult made =
          hca.hcalls.run(
              "allocating " + mw.label(),
              Hcall.H_ALLOC_RESOURCE,
              ResourceType.MW,
              type == MwType.TYPE_1 ? 1 : 2,
              pd.number());
      mw.handle = made.r4();
      mw.setKey((int) made.r6());
    } catch (RdmaException | RuntimeException e) {
      mw.release();
      throw e;
    }
    mw.opened();
    return mw;
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.hcalls.run("closing " + label(), Hcall.H_FREE_RESOURCE, handle);
  }

  @Override
  protected void release() {
    pd.unuse(this);
  }
}
