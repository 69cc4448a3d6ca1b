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
  private final SrqInitAttributes init;
  private final SharedRing ring;

  /** Agent thread. */
  private int limit;

  private IpathSrq(IpathHca hca, IpathPd pd, ResourceBook book, SrqInitAttributes init) {
    super(hca.commands, book, "srq " + hca.nextNumber());
    this.hca = hca;
    this.pd = pd;
    this.init = init;
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

  boolean isOf(IpathHca device) {
    return hca.equals(device);
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
    if (srqLimit != 0) {
      Quota.checkLimit("limit of " + label(), srqLimit, init.maxWr());
    }
    commands()
        .call(
            "modifying " + label(),
            () -> {
              limit = srqLimit;
              return true;
            });
  }

  @Override
  public SrqInitAttributes query() throws RdmaException {
    requireOpen();
    int armed = commands().call("querying " + label(), () -> limit);
    return new SrqInitAttributes(init.maxWr(), init.maxSge(), armed);
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
