// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.transport.hca.HcaResource;
import ib.verbs.AccessFlags;
import ib.verbs.MemoryRegion;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;

/** A memory region. */
class EhcaMr extends HcaResource implements MemoryRegion {
  final EhcaHca hca;
  private final EhcaPd pd;
  private long handle;
  private volatile int lkey;
  private volatile int rkey;

  EhcaMr(EhcaHca hca, EhcaPd pd, ResourceBook book) {
    super(hca.commands, book, "mr " + hca.nextNumber());
    this.hca = hca;
    this.pd = pd;
  }

  /** A share of the driver's all-memory region. */
  static EhcaMr shareAllMemory(EhcaHca hca, EhcaPd pd, ResourceBook book, int access)
      throws RdmaException {
    AccessFlags.check(access);
    EhcaMr mr = new EhcaMr(hca, pd, book);
    mr.open(Hcall.H_REGISTER_SMR, hca.allMemoryRegion(), access, pd.number());
    return mr;
  }

  final void open(Hcall call, long... arguments) throws RdmaException {
    pd.use(this);
    try {
      HcallResult made = hca.hcalls.run("registering " + label(), call, arguments);
      handle = made.r4();
      setKeys(made);
    } catch (RdmaException | RuntimeException e) {
      release();
      throw e;
    }
    opened();
  }

  final long handle() {
    return handle;
  }

  final void setKeys(HcallResult made) {
    setKeys((int) made.r5(), (int) made.r6());
  }

  final void setKeys(int local, int remote) {
    lkey = local;
    rkey = remote;
  }

  @Override
  public final int lkey() {
    return lkey;
  }

  @Override
  public final int rkey() {
    return rkey;
  }

  @Override
  protected final void destroy() throws RdmaException {
    hca.hcalls.run("deregistering " + label(), Hcall.H_FREE_RESOURCE, handle);
  }

  @Override
  protected final void release() {
    pd.unuse(this);
  }
}
