// SPDX-License-Identifier: Apache-2.0
package ib.driver.ipath.internal;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.verbs.AsyncEventType;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;

/**
 * A queue pair: the agent's side. Takes requests from the rings, checks keys, writes completions.
 */
final class IpathTransport implements QpBackend {
  private static final int NONE = -1;

  private final IpathQp qp;
  private final IpathHca hca;

  /** Slot of the shared receive queue that the engine has and will complete. */
  private int heldSlot = NONE;

  /** What windows are bound to: another one after each RESET. */
  private Object life = new Object();

  IpathTransport(IpathQp qp) {
    this.qp = qp;
    this.hca = qp.hca;
  }

  /** The queue pair was reset: windows bound to it open nothing any more. */
  void beginLife() {
    life = new Object();
  }

  @Override
  public boolean nextSend(SendWqe into) {
    long position = qp.sends.take();
    if (position < 0) {
      return false;
    }
    qp.sends.load(position, into);
    return true;
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    IpathSrq srq = qp.srq;
    if (srq != null) {
      boolean taken = srq.next(into);
      heldSlot = taken ? (int) into.cookie() : NONE;
      return taken;
    }
    long position = qp.receives.take();
    if (position < 0) {
      return false;
    }
    into.setCookie(position);
    into.clearSges();
    qp.receives.load(position, into);
    return true;
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    return hca.keys.resolveLocal(qp.pd, lkey, address, lengthBytes, write, window);
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    return hca.keys.resolveRemote(qp.pd, life, rkey, address, lengthBytes, need, window);
  }

  @Override
  public MemoryStatus remoteRange(int rkey, int need, RemoteRange into) {
    return hca.keys.remoteRange(qp.pd, life, rkey, need, into);
  }

  @Override
  public boolean executeLocal(SendWqe entry) {
    return hca.keys.execute(qp.pd, life, entry);
  }

  @Override
  public boolean invalidateRemote(int rkey) {
    return hca.keys.invalidate(qp.pd, life, rkey);
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    long wrId = qp.sends.complete(cookie);
    if (signaled || status != WcStatus.SUCCESS) {
      qp.sendCq.add(qp, wrId, status, opcode, lengthBytes, 0, 0, 0, false);
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
    IpathSrq srq = qp.srq;
    heldSlot = NONE;
    long wrId = srq == null ? qp.receives.complete(cookie) : srq.complete((int) cookie);
    qp.recvCq.add(qp, wrId, status, opcode, lengthBytes, flags, immediateOrKey, srcQpn, solicited);
  }

  @Override
  public boolean sharesReceives() {
    return qp.srq != null;
  }

  @Override
  public void onLastWqe() {
    qp.tellOwner(AsyncEventType.QP_LAST_WQE_REACHED, "takes no receive any more");
  }

  @Override
  public void onCommEst() {
    qp.tellOwner(AsyncEventType.COMM_EST, "received the first packet in RTR");
  }

  @Override
  public void onSqDrained() {
    qp.tellOwner(AsyncEventType.SQ_DRAINED, "nothing is in progress");
  }

  @Override
  public void onFatal(String cause) {
    hca.context.asyncEvent(AsyncEventType.QP_FATAL, qp.label() + ": " + cause);
    qp.tellOwner(AsyncEventType.QP_FATAL, cause);
  }

  /** The queue pair was reset or ended: what the engine had serves another message. */
  void forget() {
    IpathSrq srq = qp.srq;
    if (srq != null && heldSlot != NONE) {
      srq.giveBack(heldSlot);
    }
    heldSlot = NONE;
  }
}
