// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.hca.HcaResource;
import ib.verbs.FastRegMr;
import ib.verbs.MemoryRegion;
import ib.verbs.MemoryWindow;
import ib.verbs.MwType;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpInitAttributes;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.spi.ResourceBook;

/** A protection domain: nothing but an identity that regions and queue pairs share. */
final class IpathPd extends HcaResource implements ProtectionDomain {
  private final IpathHca hca;

  private IpathPd(IpathHca hca, ResourceBook book) {
    super(hca.commands, book, "pd " + hca.nextNumber());
    this.hca = hca;
  }

  static IpathPd create(IpathHca hca, ResourceBook book) throws RdmaException {
    hca.commands.requirePresent("allocating a protection domain");
    hca.pdQuota.take();
    IpathPd pd = new IpathPd(hca, book);
    pd.opened();
    return pd;
  }

  @Override
  public MemoryRegion getDmaMr(int access) throws RdmaException {
    return IpathMr.createAllMemory(hca, this, book(), access);
  }

  @Override
  public FastRegMr allocMr(int maxPages) throws RdmaException {
    return IpathMr.createFastReg(hca, this, book(), maxPages);
  }

  @Override
  public QueuePair createQp(QpInitAttributes init) throws RdmaException {
    return IpathQp.create(hca, this, book(), init);
  }

  @Override
  public SharedReceiveQueue createSrq(SrqInitAttributes init) throws RdmaException {
    return IpathSrq.create(hca, this, book(), init);
  }

  @Override
  public MemoryWindow allocMw(MwType type) throws RdmaException {
    return IpathMw.create(hca, this, book(), type);
  }

  @Override
  protected void destroy() {
    // No hardware knows of it.
  }

  @Override
  protected void release() {
    hca.pdQuota.give();
  }
}
