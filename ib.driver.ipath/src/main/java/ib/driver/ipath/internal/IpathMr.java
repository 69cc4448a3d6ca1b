// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.transport.hca.BoundException;
import ib.transport.hca.FastRegCheck;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.AccessFlags;
import ib.verbs.FastRegMr;
import ib.verbs.MemoryRegion;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;

/** A memory region. Its key is for local and remote use alike, as this driver's keys are. */
class IpathMr extends HcaResource implements MemoryRegion {
  final IpathHca hca;
  final IpathRegion region;
  private final IpathPd pd;

  /** Present key; written on the agent thread. */
  volatile int key;

  private IpathMr(IpathHca hca, IpathPd pd, ResourceBook book, IpathRegion region) {
    super(hca.commands, book, "mr " + hca.nextNumber());
    this.hca = hca;
    this.pd = pd;
    this.region = region;
  }

  static IpathMr createAllMemory(IpathHca hca, IpathPd pd, ResourceBook book, int access)
      throws RdmaException {
    AccessFlags.check(access);
    return new IpathMr(hca, pd, book, IpathRegion.allMemory(hca.context.bus(), pd, access)).open();
  }

  static FastReg createFastReg(IpathHca hca, IpathPd pd, ResourceBook book, int maxPages)
      throws RdmaException {
    Quota.checkLimit(
        "pages of a region of " + hca.commands.device(), maxPages, IpathHca.MAX_FAST_REG_PAGES);
    FastReg mr = new FastReg(hca, pd, book, maxPages);
    mr.open();
    return mr;
  }

  final IpathMr open() throws RdmaException {
    hca.mrQuota.take();
    try {
      pd.use(this);
      if (!commands().call("registering " + label(), () -> hca.keys.add(region))) {
        throw new RdmaException("no free key on " + commands().device() + "; close some regions");
      }
    } catch (RdmaException | RuntimeException e) {
      release();
      throw e;
    }
    key = region.rkey();
    opened();
    return this;
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
  protected final void destroy() throws RdmaException {
    commands()
        .call(
            "deregistering " + label(),
            () -> {
              if (!hca.keys.remove(region)) {
                throw new BoundException(
                    label() + " has " + region.boundWindows() + " windows bound; close them first");
              }
              return true;
            });
  }

  @Override
  protected final void release() {
    pd.unuse(this);
    hca.mrQuota.give();
  }

  /** A region for fast registration. */
  static final class FastReg extends IpathMr implements FastRegMr {
    private final int maxPages;
    private long mappedIova;
    private long mappedBytes;

    private FastReg(IpathHca hca, IpathPd pd, ResourceBook book, int maxPages) {
      super(hca, pd, book, IpathRegion.segments(hca.context.bus(), pd, maxPages));
      this.maxPages = maxPages;
    }

    @Override
    public void register(ScatterList list, int mappedEntries, long iova, int access)
        throws RdmaException {
      AccessFlags.check(access);
      requireOpen();
      FastRegCheck.check(label(), hca.context.dma(), list, mappedEntries, maxPages);
      commands()
          .call(
              "registering " + label(),
              () -> {
                requireUnbound();
                region.set(hca.context.dma(), list, mappedEntries, iova);
                hca.keys.register(region, access);
                key = region.rkey();
                return true;
              });
    }

    private void requireUnbound() throws RdmaException {
      if (region.boundWindows() > 0) {
        throw new BoundException(
            label() + " has " + region.boundWindows() + " windows bound; invalidate them first");
      }
    }

    @Override
    public void map(ScatterList list, int mappedEntries, long iova) throws RdmaException {
      requireOpen();
      IbDma dma = hca.context.dma();
      mappedBytes = FastRegCheck.check(label(), dma, list, mappedEntries, maxPages);
      mappedIova = iova;
      commands()
          .call(
              "mapping " + label(),
              () -> {
                if (region.isValid()) {
                  throw new RdmaException(label() + " is registered; invalidate it first");
                }
                region.set(dma, list, mappedEntries, iova);
                key = hca.keys.nextRkey(key);
                return true;
              });
    }

    long mappedIova() {
      return mappedIova;
    }

    long mappedBytes() {
      return mappedBytes;
    }

    @Override
    public void invalidate() throws RdmaException {
      requireOpen();
      commands()
          .call(
              "invalidating " + label(),
              () -> {
                requireUnbound();
                hca.keys.invalidate(region);
                key = region.rkey();
                return true;
              });
    }

    @Override
    public int maxPages() {
      return maxPages;
    }
  }
}
