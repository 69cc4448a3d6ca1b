// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.RecvWqe;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.AsyncEventType;
import ib.verbs.PostResult;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.spi.ResourceBook;

/** A shared receive queue in ordinary memory, as all queues of this adapter. */
final class IpathSrq extends HcaResource implements SharedReceiveQueue {
  private final IpathHca hca;
  private final IpathPd pd;
  private final int maxSge;
  private final SharedRing ring;

  /** Agent thread. */
  private int limit;

  private IpathSrq(IpathHca hca, IpathPd pd, ResourceBook book, SrqInitAttributes init) {
    super(hca.commands, book, "srq " + hca.nextNumber());
    this.hca = hca;
    this.pd = pd;
    maxSge = init.maxSge();
    ring = new SharedRing(init.maxWr(), init.maxSge());
  }

  static IpathSrq create(IpathHca hca, IpathPd pd, ResourceBook book, SrqInitAttributes init)
      throws RdmaException {
    String device = hca.commands.device();
    Quota.checkLimit(
        "maxWr of a shared receive queue on " + device, init.maxWr(), IpathHca.MAX_QP_WR);
    Quota.checkLimit(
        "maxSge of a shared receive queue on " + device, init.maxSge(), IpathHca.MAX_SGE);
    hca.srqQuota.take();
    IpathSrq srq = new IpathSrq(hca, pd, book, init);
    try {
      pd.use(srq);
      srq.modify(init.srqLimit());
    } catch (RdmaException | RuntimeException e) {
      pd.unuse(srq);
      hca.srqQuota.give();
      throw e;
    }
    srq.opened();
    return srq;
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    ring.checkSges(label(), request.sges());
    if (commands().isWithdrawn()) {
      return PostResult.WITHDRAWN;
    }
    if (isClosed()) {
      return PostResult.BAD_STATE;
    }
    return ring.post(request) ? PostResult.OK : PostResult.QUEUE_FULL;
  }

  @Override
  public void modify(int srqLimit) throws RdmaException {
    requireOpen();
    int maxWr =
        commands()
            .call(
                "modifying " + label(),
                () -> {
                  if (srqLimit >= 0 && srqLimit <= ring.limit()) {
                    limit = srqLimit;
                  }
                  return ring.limit();
                });
    if (srqLimit != 0) {
      Quota.checkLimit("limit of " + label(), srqLimit, maxWr);
    }
  }

  @Override
  public void resize(int maxWr) throws RdmaException {
    requireOpen();
    Quota.checkLimit("maxWr of " + label(), maxWr, IpathHca.MAX_QP_WR);
    int least =
        commands()
            .call(
                "resizing " + label(),
                () -> {
                  int needed = Math.max(limit, ring.outstanding());
                  return maxWr >= limit && ring.resize(maxWr) ? 0 : needed;
                });
    if (least > 0) {
      throw new RdmaException(
          label()
              + ": maxWr "
              + maxWr
              + " is less than what is posted, or than the armed limit; give "
              + least
              + " or more");
    }
  }

  @Override
  public SrqInitAttributes query() throws RdmaException {
    requireOpen();
    return commands()
        .call("querying " + label(), () -> new SrqInitAttributes(ring.limit(), maxSge, limit));
  }

  // The agent.

  /** Takes the next receive; its slot is the entry's cookie. */
  boolean next(RecvWqe into) {
    int slot = ring.take();
    if (slot < 0) {
      return false;
    }
    into.setCookie(slot);
    into.clearSges();
    ring.load(slot, into);
    if (ring.left() < limit) {
      limit = 0;
      tellOwner(AsyncEventType.SRQ_LIMIT_REACHED, ring.left() + " receives are left; post more");
    }
    return true;
  }

  void giveBack(int slot) {
    ring.giveBack(slot);
  }

  long complete(int slot) {
    return ring.complete(slot);
  }

  @Override
  protected void destroy() {
    // No queue pair uses it any more: nobody takes from it.
  }

  @Override
  protected void release() {
    pd.unuse(this);
    hca.srqQuota.give();
  }
}
