// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusView;
import ib.dma.BusWindow;
import ib.driver.ehca.internal.format.Cqe;
import ib.driver.ehca.internal.format.Eqe;
import ib.driver.ehca.internal.format.Register;
import ib.transport.MemoryStatus;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.transport.hca.Doorbell;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A queue pair of the adapter. Agent thread, but for the registers. */
final class HwQp implements QpBackend, RegisterPage {
  private static final int NONE = -1;

  final int qpn;
  final HwWorkQueue sends;
  final HwWorkQueue receives;
  final HwCq sendCq;
  final HwCq recvCq;
  final @Nullable HwSrq srq;

  /** Tag of the shared receive queue's entry that the engine has and will complete. */
  private int heldTag = NONE;

  private final Adapter adapter;

  /** Boxed once, as it is compared at each access. */
  private final Object pd;

  private final Doorbell doorbell;
  private final Doorbell failure;

  /** What windows are bound to: another one after each RESET. */
  private Object life = new Object();

  private boolean stopped;
  private String error = "";
  private @Nullable PortQp transport;

  HwQp(
      Adapter adapter,
      int qpn,
      int pd,
      HwCq sendCq,
      HwCq recvCq,
      HwWorkQueue sends,
      HwWorkQueue receives,
      @Nullable HwSrq srq) {
    this.adapter = adapter;
    this.qpn = qpn;
    this.pd = pd;
    this.sendCq = sendCq;
    this.recvCq = recvCq;
    this.sends = sends;
    this.receives = receives;
    this.srq = srq;
    doorbell = adapter.doorbells.add(this::look);
    failure = adapter.doorbells.add(this::fail);
  }

  void start(QpType type) {
    transport = adapter.port.createQp(qpn, type, this);
  }

  PortQp transport() {
    return Objects.requireNonNull(transport);
  }

  boolean reportsTo(HwCq cq) {
    return sendCq.equals(cq) || recvCq.equals(cq);
  }

  String error() {
    return error;
  }

  void modify(QpAttributes attributes) throws RdmaException {
    if (!sends.queue.isReady() || !receives.queue.isReady()) {
      throw new RdmaException("not all pages of the queues are registered");
    }
    transport().modify(attributes);
    if (attributes.has(QpAttributes.STATE) && attributes.state() == QpState.RESET) {
      life = new Object();
      sends.reset();
      receives.reset();
      giveBack();
    }
  }

  private void giveBack() {
    if (srq != null && heldTag != NONE) {
      srq.giveBack(heldTag);
    }
    heldTag = NONE;
  }

  void stop() {
    stopped = true;
    transport().destroy();
    giveBack();
    adapter.doorbells.remove(doorbell);
    adapter.doorbells.remove(failure);
    adapter.port.releaseQpn(qpn);
  }

  // Registers.

  @Override
  public void store(int offset, long value) {
    switch (offset) {
      case Register.QP_SEND_ADDER -> sends.add(value);
      case Register.QP_RECEIVE_ADDER -> receives.add(value);
      default -> {
        return;
      }
    }
    doorbell.ring();
  }

  @Override
  public long load(int offset) {
    return 0;
  }

  private void look() {
    if (stopped) {
      return;
    }
    boolean sane = sends.collect();
    sane &= receives.collect();
    if (!sane) {
      error = "more entries were announced than a queue holds";
      fail();
      return;
    }
    transport().kickSend();
    transport().kickReceive();
  }

  /** Goes into error outside of the engine's call. */
  void failLater(String cause) {
    error = cause;
    failure.ring();
  }

  private void fail() {
    if (stopped || transport().state() == QpState.ERR) {
      return;
    }
    try {
      transport().modify(new QpAttributes().state(QpState.ERR));
    } catch (RdmaException e) {
      error = String.valueOf(e.getMessage());
    }
    adapter.event(Eqe.QP_ERROR, qpn);
  }

  // What the engine asks.

  @Override
  public boolean nextSend(SendWqe into) {
    long position = sends.next();
    if (position < 0) {
      return false;
    }
    adapter.reader.readSend(sends, position, into);
    return true;
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    if (srq != null) {
      boolean taken = srq.next(into);
      heldTag = taken ? (int) into.cookie() : NONE;
      return taken;
    }
    long position = receives.next();
    if (position < 0) {
      return false;
    }
    adapter.reader.readReceive(receives, position, into);
    return true;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    return adapter.keys.resolveLocal(pd, lkey, address, lengthBytes, write, window);
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    return adapter.keys.resolveRemote(pd, life, rkey, address, lengthBytes, need, window);
  }

  @Override
  public MemoryStatus remoteRange(int rkey, int need, RemoteRange into) {
    return adapter.keys.remoteRange(pd, life, rkey, need, into);
  }

  @Override
  public boolean executeLocal(SendWqe entry) {
    return adapter.keys.execute(pd, life, entry);
  }

  @Override
  public boolean invalidateRemote(int rkey) {
    return adapter.keys.invalidate(pd, life, rkey);
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    long wrId = sends.complete(cookie);
    if (signaled || status != WcStatus.SUCCESS) {
      if (sendCq.begin(qpn, wrId, cookie, false)) {
        sendCq.commit(status, opcode, lengthBytes, false);
      } else {
        adapter.overrun(sendCq);
      }
    }
  }

  @Override
  public void completeReceive(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      int flags,
      int immediateOrKey,
      int srcQpn,
      boolean solicited) {
    boolean begun = srq == null ? beginOwn(cookie) : beginShared(srq, (int) cookie);
    if (!begun) {
      adapter.overrun(recvCq);
      return;
    }
    BusView entry = recvCq.entry();
    if (flags != 0) {
      int holds = flags == WcFlags.WITH_IMM ? Cqe.HAS_IMMEDIATE : Cqe.HAS_INVALIDATED;
      int shared = srq == null ? 0 : Cqe.FROM_SRQ;
      entry.put8(Cqe.FLAGS, Cqe.IS_RECEIVE | shared | holds);
      entry.put32(Cqe.IMMEDIATE, immediateOrKey);
    }
    entry.put32(Cqe.REMOTE_QPN, srcQpn);
    recvCq.commit(status, opcode, lengthBytes, solicited);
  }

  private boolean beginOwn(long position) {
    return recvCq.begin(qpn, receives.complete(position), position, true);
  }

  private boolean beginShared(HwSrq from, int tag) {
    heldTag = NONE;
    boolean begun = recvCq.begin(qpn, from.wrId(tag), from.position(tag), true);
    if (begun) {
      recvCq.entry().put8(Cqe.FLAGS, Cqe.IS_RECEIVE | Cqe.FROM_SRQ);
      recvCq.entry().put32(Cqe.SRQ_TOKEN, from.token);
    }
    from.complete(tag);
    return begun;
  }

  @Override
  public boolean sharesReceives() {
    return srq != null;
  }

  @Override
  public void onLastWqe() {
    adapter.event(Eqe.LAST_WQE, qpn);
  }

  @Override
  public void onCommEst() {
    adapter.event(Eqe.COMM_EST, qpn);
  }

  @Override
  public void onSqDrained() {
    adapter.event(Eqe.SQ_DRAINED, qpn);
  }

  @Override
  public void onSqe(String cause) {
    error = cause;
    adapter.event(Eqe.SQ_ERROR, qpn);
  }

  @Override
  public void onFatal(String cause) {
    error = cause;
    adapter.event(Eqe.QP_ERROR, qpn);
  }
}
