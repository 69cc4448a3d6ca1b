// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

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

/** A protection domain: a number in table entries and contexts. */
final class MthcaPd extends HcaResource implements ProtectionDomain {
  private final MthcaHca hca;
  private final int number;

  private MthcaPd(MthcaHca hca, ResourceBook book, int number) {
    super(hca.commands, book, "pd " + number);
    this.hca = hca;
    this.number = number;
  }

  static MthcaPd create(MthcaHca hca, ResourceBook book) throws RdmaException {
    hca.commands.requirePresent("allocating a protection domain");
    hca.resources().pds().take();
    MthcaPd pd = new MthcaPd(hca, book, hca.nextNumber());
    pd.opened();
    return pd;
  }

  int number() {
    return number;
  }

  @Override
  public MemoryRegion getDmaMr(int access) throws RdmaException {
    return MthcaMr.createAllMemory(hca, this, book(), access);
  }

  @Override
  public FastRegMr allocMr(int maxPages) throws RdmaException {
    return MthcaFastReg.create(hca, this, book(), maxPages);
  }

  @Override
  public QueuePair createQp(QpInitAttributes init) throws RdmaException {
    return MthcaQp.create(hca, this, book(), init);
  }

  @Override
  public SharedReceiveQueue createSrq(SrqInitAttributes init) throws RdmaException {
    return MthcaSrq.create(hca, this, book(), init);
  }

  @Override
  public MemoryWindow allocMw(MwType type) throws RdmaException {
    return MthcaMw.create(hca, this, book(), type);
  }

  @Override
  protected void destroy() {
    // No hardware knows of it by itself.
  }

  @Override
  protected void release() {
    hca.resources().pds().give();
  }
}
