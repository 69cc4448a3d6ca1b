// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.transport.PortQp;
import ib.transport.hca.Doorbell;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.transport.hca.SendCheck;
import ib.transport.wire.Gids;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.spi.ResourceBook;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair: the verbs side. Requests are copied into rings; a doorbell tells the agent, whose
 * side is {@link IpathTransport}.
 */
final class IpathQp extends HcaResource implements QueuePair {
  final IpathHca hca;
  final IpathPd pd;
  final IpathCq sendCq;
  final IpathCq recvCq;
  final SendRing sends;
  final WorkRing receives;
  final @Nullable IpathSrq srq;
  private final SendCheck check;
  private final int qpn;
  private final QpType type;

  // Set on the agent when the hardware's part is made, before anybody has this object.
  private final IpathTransport backend;
  private @Nullable PortQp transport;
  private @Nullable Doorbell doorbell;
  private @Nullable Doorbell failure;

  private volatile QpAttributes lastKnown = new QpAttributes();

  private IpathQp(
      IpathHca hca,
      IpathPd pd,
      ResourceBook book,
      QpInitAttributes init,
      IpathCq sendCq,
      IpathCq recvCq,
      @Nullable IpathSrq srq,
      int qpn) {
    super(hca.commands, book, "qp 0x" + Integer.toHexString(qpn));
    this.hca = hca;
    this.pd = pd;
    this.sendCq = sendCq;
    this.recvCq = recvCq;
    this.srq = srq;
    this.qpn = qpn;
    this.type = init.type();
    sends = new SendRing(init.maxSendWr(), init.maxSendSge(), init.maxInlineData());
    receives = srq == null ? new WorkRing(init.maxRecvWr(), init.maxRecvSge()) : new WorkRing(1, 1);
    check = new SendCheck(hca.commands, label(), type, IpathHca.OPERATIONS, init.maxInlineData());
    backend = new IpathTransport(this);
  }

  static IpathQp create(IpathHca hca, IpathPd pd, ResourceBook book, QpInitAttributes init)
      throws RdmaException {
    String device = hca.commands.device();
    Quota.checkLimit("maxSendWr on " + device, init.maxSendWr(), IpathHca.MAX_QP_WR);
    Quota.checkLimit("maxRecvWr on " + device, init.maxRecvWr(), IpathHca.MAX_QP_WR);
    Quota.checkLimit("maxSendSge on " + device, init.maxSendSge(), IpathHca.MAX_SGE);
    Quota.checkLimit("maxRecvSge on " + device, init.maxRecvSge(), IpathHca.MAX_SGE);
    Quota.checkInlineData(device, init.maxInlineData(), IpathHca.MAX_INLINE);
    IpathCq sendCq = hca.commands.own(IpathCq.class, init.sendCq());
    IpathCq recvCq = hca.commands.own(IpathCq.class, init.recvCq());
    SharedReceiveQueue shared = init.srq();
    IpathSrq srq = shared == null ? null : hca.commands.own(IpathSrq.class, shared);
    hca.qpQuota.take();
    int qpn;
    try {
      qpn = hca.port.allocateQpn();
    } catch (RdmaException e) {
      hca.qpQuota.give();
      throw e;
    }
    IpathQp qp = new IpathQp(hca, pd, book, init, sendCq, recvCq, srq, qpn);
    qp.open();
    return qp;
  }

  private void open() throws RdmaException {
    try {
      pd.use(this);
      sendCq.use(this);
      recvCq.use(this);
      if (srq != null) {
        srq.use(this);
      }
      commands().call("creating " + label(), this::start);
    } catch (RdmaException | RuntimeException e) {
      hca.port.releaseQpn(qpn);
      release();
      throw e;
    }
    opened();
  }

  private boolean start() {
    PortQp made = hca.port.createQp(qpn, type, backend);
    transport = made;
    doorbell =
        hca.doorbells.add(
            () -> {
              made.kickSend();
              if (made.state() == QpState.ERR) {
                made.kickReceive();
              }
            });
    failure = hca.doorbells.add(this::fail);
    hca.qps.add(this);
    return true;
  }

  @Override
  public int qpn() {
    return qpn;
  }

  @Override
  public QpType type() {
    return type;
  }

  @Override
  public QpState state() {
    PortQp at = transport;
    return at == null || isClosed() || commands().isWithdrawn() ? QpState.ERR : at.state();
  }

  @Override
  public void modify(QpAttributes attributes) throws RdmaException {
    requireOpen();
    if (attributes.has(QpAttributes.MAX_QP_RD_ATOMIC)) {
      checkRdAtomic("maxRdAtomic", attributes.maxRdAtomic());
    }
    if (attributes.has(QpAttributes.MAX_DEST_RD_ATOMIC)) {
      checkRdAtomic("maxDestRdAtomic", attributes.maxDestRdAtomic());
    }
    commands().call("modifying " + label(), () -> modifyNow(attributes));
  }

  private void checkRdAtomic(String what, int value) throws RdmaException {
    if (value < 0 || value > IpathHca.MAX_RD_ATOM) {
      throw new RdmaException(
          what + " " + value + " of " + label() + ": give 0 to " + IpathHca.MAX_RD_ATOM);
    }
  }

  private boolean modifyNow(QpAttributes attributes) throws RdmaException {
    PortQp at = transport;
    if (at != null) {
      at.modify(attributes);
      lastKnown = at.query();
    }
    if (attributes.has(QpAttributes.STATE) && attributes.state() == QpState.RESET) {
      backend.beginLife();
      sends.reset();
      receives.reset();
      backend.forget();
    }
    return true;
  }

  @Override
  public QpAttributes query() {
    PortQp at = transport;
    try {
      if (at != null && !isClosed()) {
        lastKnown = commands().call("querying " + label(), at::query);
      }
    } catch (RdmaException e) {
      // The device is gone: what was known last, in error.
      return new QpAttributes().state(QpState.ERR);
    }
    return lastKnown;
  }

  @Override
  public PostResult postSend(SendWr request) {
    sends.checkSges(label(), request.sges());
    check.check(request);
    PostResult refusal = refuse(QpState.RTS);
    if (refusal != null) {
      return refusal;
    }
    int slot = sends.claim();
    if (slot < 0) {
      return PostResult.QUEUE_FULL;
    }
    sends.put(slot, request);
    if (request.opcode().isLocal()) {
      putLocal(slot, request);
    }
    sends.publish();
    ringDoorbell();
    return PostResult.OK;
  }

  private void putLocal(int slot, SendWr request) {
    if (request.fastRegMr() instanceof IpathMr.FastReg mr) {
      sends.putRegister(slot, mr, request.access());
    } else if (request.window() instanceof IpathMw mw && request.region() instanceof IpathMr mr) {
      sends.putBind(slot, mw, hca.keys.nextRkey(mw.rkey()), request, mr.lkey());
    }
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    if (srq != null) {
      return PostResult.BAD_STATE;
    }
    receives.checkSges(label(), request.sges());
    PostResult refusal = refuse(QpState.INIT);
    if (refusal != null) {
      return refusal;
    }
    int slot = receives.claim();
    if (slot < 0) {
      return PostResult.QUEUE_FULL;
    }
    receives.put(slot, request.wrId(), request.sges());
    receives.publish();
    // The engine asks for a receive when a message comes. Only in error it has no reason to ask.
    if (state() == QpState.ERR) {
      ringDoorbell();
    }
    return PostResult.OK;
  }

  private @Nullable PostResult refuse(QpState first) {
    PortQp at = transport;
    if (commands().isWithdrawn()) {
      return PostResult.WITHDRAWN;
    }
    if (at == null || isClosed() || at.state().compareTo(first) < 0) {
      return PostResult.BAD_STATE;
    }
    return null;
  }

  private void ringDoorbell() {
    Doorbell bell = doorbell;
    if (bell != null) {
      bell.ring();
    }
  }

  @Override
  public void attachMcast(InetAddress group) throws RdmaException {
    multicast("attaching ", group, PortQp::attachMcast);
  }

  @Override
  public void detachMcast(InetAddress group) throws RdmaException {
    multicast("detaching ", group, PortQp::detachMcast);
  }

  /** Attaches or detaches at the port. */
  private interface GroupCall {
    void run(PortQp qp, long groupHigh, long groupLow) throws RdmaException;
  }

  private void multicast(String what, InetAddress group, GroupCall call) throws RdmaException {
    requireOpen();
    commands()
        .call(
            what + label(),
            () -> {
              if (transport != null) {
                call.run(transport, Gids.high(group), Gids.low(group));
              }
              return true;
            });
  }

  boolean reportsTo(IpathCq cq) {
    return sendCq.equals(cq) || recvCq.equals(cq);
  }

  /** Puts the queue pair into error outside of the engine's call. Agent thread. */
  void failLater() {
    Doorbell bell = failure;
    if (bell != null) {
      bell.ring();
    }
  }

  private void fail() {
    PortQp at = transport;
    if (at != null && hca.qps.contains(this) && at.state() != QpState.ERR) {
      try {
        at.modify(new QpAttributes().state(QpState.ERR));
      } catch (RdmaException e) {
        throw new IllegalStateException(label() + " can't be put into error", e);
      }
    }
  }

  /** Ends the hardware's part. Agent thread. */
  void stop() {
    if (!hca.qps.remove(this)) {
      return;
    }
    if (transport != null) {
      transport.destroy();
    }
    backend.forget();
    if (doorbell != null) {
      hca.doorbells.remove(doorbell);
    }
    if (failure != null) {
      hca.doorbells.remove(failure);
    }
    hca.port.releaseQpn(qpn);
  }

  @Override
  protected void destroy() throws RdmaException {
    commands()
        .call(
            "destroying " + label(),
            () -> {
              stop();
              return true;
            });
  }

  @Override
  protected void release() {
    if (srq != null) {
      srq.unuse(this);
    }
    recvCq.unuse(this);
    sendCq.unuse(this);
    pd.unuse(this);
    hca.qpQuota.give();
  }
}
