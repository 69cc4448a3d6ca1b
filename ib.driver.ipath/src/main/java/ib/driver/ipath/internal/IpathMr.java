// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.ScatterList;
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
    return new IpathMr(hca, pd, book, IpathRegion.allMemory(pd, access)).open();
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
      key = commands().call("registering " + label(), () -> hca.regions.add(region));
      if (key == 0) {
        throw new RdmaException("no free key on " + commands().device() + "; close some regions");
      }
    } catch (RdmaException | RuntimeException e) {
      release();
      throw e;
    }
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
              hca.regions.remove(key);
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

    private FastReg(IpathHca hca, IpathPd pd, ResourceBook book, int maxPages) {
      super(hca, pd, book, IpathRegion.segments(pd, maxPages));
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
                region.set(hca.context.dma(), list, mappedEntries, iova, access);
                key = hca.regions.renew(key);
                return true;
              });
    }

    @Override
    public void invalidate() throws RdmaException {
      requireOpen();
      commands()
          .call(
              "invalidating " + label(),
              () -> {
                region.clear();
                key = hca.regions.renew(key);
                return true;
              });
    }

    @Override
    public int maxPages() {
      return maxPages;
    }
  }
}
