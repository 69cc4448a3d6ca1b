// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.firmware.RegisterPage;
import ib.driver.ehca.internal.format.Cqe;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.ResourceType;
import ib.driver.ehca.internal.format.WcCodes;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.RdmaException;
import ib.verbs.WorkCompletion;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A completion queue: entries that the adapter wrote into coherent memory, valid by their last
 * word.
 */
final class EhcaCq extends HcaResource implements CompletionQueue {
  private final EhcaHca hca;
  private final int token;
  private final @Nullable CompletionHandler handler;
  private final long handle;
  private final QueueMemory memory;
  private final RegisterPage registers;

  /** The polling thread's; volatile because threads may take turns. */
  private volatile long head;

  private EhcaCq(
      EhcaHca hca,
      ResourceBook book,
      int token,
      @Nullable CompletionHandler handler,
      long handle,
      QueueMemory memory,
      RegisterPage registers) {
    super(hca.commands, book, "cq " + token);
    this.hca = hca;
    this.token = token;
    this.handler = handler;
    this.handle = handle;
    this.memory = memory;
    this.registers = registers;
  }

  static EhcaCq create(
      EhcaHca hca, ResourceBook book, int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    Quota.checkLimit(
        "entries of a completion queue of " + hca.commands.device(), entries, hca.query().maxCqe());
    int token = hca.nextNumber();
    String what = "cq " + token;
    HcallResult made =
        hca.hcalls.run("creating " + what, Hcall.H_ALLOC_RESOURCE, ResourceType.CQ, entries, token);
    QueueMemory memory = null;
    try {
      memory =
          QueueMemory.allocate(
              hca.context.dma(), what, (int) made.r5(), Cqe.BYTES_PER_ENTRY, hca.queues);
      memory.register(hca.hcalls, what, made.r4(), ResourceType.QUEUE_FIRST);
      RegisterPage registers =
          hca.commands.call("mapping " + what, () -> hca.hcalls.hypervisor().map(made.r4()));
      EhcaCq cq = new EhcaCq(hca, book, token, handler, made.r4(), memory, registers);
      hca.events().add(token, cq);
      cq.opened();
      return cq;
    } catch (RdmaException | RuntimeException e) {
      hca.hcalls.free(what, made.r4());
      if (memory != null) {
        memory.free();
      }
      throw e;
    }
  }

  boolean isOf(EhcaHca device) {
    return hca.equals(device);
  }

  long handle() {
    return handle;
  }

  @Override
  public int capacity() {
    return memory.entries();
  }

  @Override
  public int poll(WorkCompletion[] completions) {
    if (isClosed() || !memory.gate.enter()) {
      return 0;
    }
    try {
      long begin = head;
      long at = begin;
      int n = 0;
      while (n < completions.length && isValid(at)) {
        if (take(memory.offset(at), completions[n])) {
          n++;
        }
        at++;
      }
      if (at != begin) {
        head = at;
        registers.store(Register.CQ_CONSUMED, at - begin);
      }
      return n;
    } finally {
      memory.gate.leave();
    }
  }

  private boolean isValid(long position) {
    int valid = Memory.acquire32(memory.segment(), memory.offset(position) + Cqe.VALID);
    return (valid & 1) == memory.validBit(position);
  }

  /** Decodes an entry; false if it is what a closed queue pair left behind. */
  private boolean take(long offset, WorkCompletion into) {
    MemorySegment from = memory.segment();
    int qpn = Memory.get32(from, offset + Cqe.LOCAL_QPN);
    EhcaQp qp = hca.qps.find(qpn);
    if (qp == null || qp.isClosed()) {
      return false;
    }
    int flags = Memory.get8(from, offset + Cqe.FLAGS);
    qp.polled((flags & Cqe.IS_RECEIVE) != 0, Memory.get64(from, offset + Cqe.POSITION));
    into.set(
            Memory.get64(from, offset + Cqe.WORK_REQUEST_ID),
            WcCodes.status(Memory.get8(from, offset + Cqe.STATUS)),
            WcCodes.opcode(Memory.get8(from, offset + Cqe.OPERATION)),
            qpn,
            Memory.get32(from, offset + Cqe.BYTES))
        .setSrcQpn(Memory.get32(from, offset + Cqe.REMOTE_QPN));
    if ((flags & Cqe.HAS_IMMEDIATE) != 0) {
      into.setImmediate(Memory.get32(from, offset + Cqe.IMMEDIATE));
    } else if ((flags & Cqe.HAS_INVALIDATED) != 0) {
      into.setInvalidatedRkey(Memory.get32(from, offset + Cqe.IMMEDIATE));
    }
    return true;
  }

  @Override
  public void reqNotify() {
    registers.store(Register.CQ_NOTIFY, 1);
    // Written, then read back; and no later look at the entries comes before it.
    registers.load(Register.CQ_NOTIFY);
    VarHandle.fullFence();
  }

  /** An event came. Agent thread. */
  void notifyHandler() {
    if (handler != null && !isClosed() && !commands().isWithdrawn()) {
      handler.onCompletion(this);
    }
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.events().remove(token);
    hca.hcalls.run("destroying " + label(), Hcall.H_FREE_RESOURCE, handle);
  }

  @Override
  protected void release() {
    memory.free();
  }
}
