// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.dma.IbDma;
import ib.dma.ScatterList;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.ResourceType;
import ib.transport.hca.FastRegCheck;
import ib.transport.hca.Quota;
import ib.verbs.AccessFlags;
import ib.verbs.FastRegMr;
import ib.verbs.RdmaException;
import ib.verbs.spi.ResourceBook;

/**
 * A region for fast registration: its pages go to the adapter through the block of page addresses.
 */
final class EhcaFastRegMr extends EhcaMr implements FastRegMr {
  private static final long IN_PAGE = Memory.PAGE - 1;

  private final int maxPages;
  private long mappedIova;
  private long mappedBytes;

  private EhcaFastRegMr(EhcaHca hca, EhcaPd pd, ResourceBook book, int maxPages) {
    super(hca, pd, book);
    this.maxPages = maxPages;
  }

  static EhcaFastRegMr create(EhcaHca hca, EhcaPd pd, ResourceBook book, int maxPages)
      throws RdmaException {
    Quota.checkLimit(
        "pages of a region of " + hca.commands.device(), maxPages, hca.query().maxFastRegPages());
    EhcaFastRegMr mr = new EhcaFastRegMr(hca, pd, book, maxPages);
    mr.open(Hcall.H_ALLOC_RESOURCE, ResourceType.MR, maxPages, 0, pd.number());
    return mr;
  }

  @Override
  public void register(ScatterList list, int mappedEntries, long iova, int access)
      throws RdmaException {
    AccessFlags.check(access);
    requireOpen();
    long bytes = FastRegCheck.check(label(), hca.context.dma(), list, mappedEntries, maxPages);
    hca.hcalls.run(
        "registering " + label(),
        () -> {
          registerNow(list, mappedEntries, iova, bytes, access);
          return true;
        });
  }

  /** The mode is rights, or {@link Hcall#PREPARE}. */
  private void registerNow(ScatterList list, int entries, long iova, long bytes, long mode)
      throws RdmaException {
    IbDma dma = hca.context.dma();
    long first = dma.dmaAddress(list, 0);
    HcallResult placed =
        hca.hcalls.call(Hcall.H_REREGISTER_PMR, handle(), iova, bytes, mode, first & IN_PAGE);
    int pages = fillBlock(dma, list, entries);
    long address = pages == 1 ? first & ~IN_PAGE : hca.hcalls.blockAddress();
    HcallResult registered =
        hca.hcalls.call(
            Hcall.H_REGISTER_RPAGES, handle(), ResourceType.QUEUE_FIRST, address, pages);
    if (registered.status() != HcallStatus.H_SUCCESS) {
      throw new RdmaException(
          label()
              + ": "
              + HcallStatus.name(registered.status())
              + " after all "
              + pages
              + " pages");
    }
    if (mode != Hcall.PREPARE) {
      setKeys(placed);
    }
  }

  @Override
  public void map(ScatterList list, int mappedEntries, long iova) throws RdmaException {
    requireOpen();
    long bytes = FastRegCheck.check(label(), hca.context.dma(), list, mappedEntries, maxPages);
    hca.hcalls.run(
        "mapping " + label(),
        () -> {
          registerNow(list, mappedEntries, iova, bytes, Hcall.PREPARE);
          return true;
        });
    mappedIova = iova;
    mappedBytes = bytes;
    setKeys(hca.tags.next(lkey()), hca.tags.next(rkey()));
  }

  long mappedIova() {
    return mappedIova;
  }

  long mappedBytes() {
    return mappedBytes;
  }

  private int fillBlock(IbDma dma, ScatterList list, int entries) {
    int pages = 0;
    for (int i = 0; i < entries; i++) {
      long page = dma.dmaAddress(list, i) & ~IN_PAGE;
      long end = dma.dmaAddress(list, i) + dma.dmaLen(list, i);
      for (; page < end; page += Memory.PAGE) {
        Memory.put64(hca.hcalls.block(), (long) pages * Long.BYTES, page);
        pages++;
      }
    }
    return pages;
  }

  @Override
  public void invalidate() throws RdmaException {
    requireOpen();
    hca.hcalls.run(
        "invalidating " + label(),
        () -> {
          setKeys(hca.hcalls.call(Hcall.H_REREGISTER_PMR, handle(), 0, 0, 0, 0));
          return true;
        });
  }

  @Override
  public int maxPages() {
    return maxPages;
  }
}
