// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

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

/** A protection domain: a number that the driver chooses and the adapter compares. */
final class EhcaPd extends HcaResource implements ProtectionDomain {
  private final EhcaHca hca;
  private final int number;

  private EhcaPd(EhcaHca hca, ResourceBook book, int number) {
    super(hca.commands, book, "pd " + number);
    this.hca = hca;
    this.number = number;
  }

  static EhcaPd create(EhcaHca hca, ResourceBook book) throws RdmaException {
    hca.commands.requirePresent("allocating a protection domain");
    hca.pdQuota.take();
    EhcaPd pd = new EhcaPd(hca, book, hca.nextNumber());
    pd.opened();
    return pd;
  }

  int number() {
    return number;
  }

  @Override
  public MemoryRegion getDmaMr(int access) throws RdmaException {
    return EhcaMr.shareAllMemory(hca, this, book(), access);
  }

  @Override
  public FastRegMr allocMr(int maxPages) throws RdmaException {
    return EhcaFastRegMr.create(hca, this, book(), maxPages);
  }

  @Override
  public QueuePair createQp(QpInitAttributes init) throws RdmaException {
    return EhcaQp.create(hca, this, book(), init);
  }

  @Override
  public SharedReceiveQueue createSrq(SrqInitAttributes init) throws RdmaException {
    return EhcaSrq.create(hca, this, book(), init);
  }

  @Override
  public MemoryWindow allocMw(MwType type) throws RdmaException {
    return EhcaMw.create(hca, this, book(), type);
  }

  @Override
  protected void destroy() {
    // The adapter knows only its number.
  }

  @Override
  protected void release() {
    hca.pdQuota.give();
  }
}
