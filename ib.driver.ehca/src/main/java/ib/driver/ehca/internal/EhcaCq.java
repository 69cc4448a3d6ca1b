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

  /** Entries from a position on; those before it are in the queue before. */
  private static final class Ring {
    final QueueMemory memory;

    /** Where it takes over. */
    long first;

    /** Who takes over; set once. */
    volatile @Nullable Ring next;

    Ring(QueueMemory memory) {
      this.memory = memory;
    }
  }

  /** What is polled. The polling thread moves it. */
  private volatile Ring ring;

  private volatile int capacity;

  /** One resize at a time; guards what was polled to its end and is freed at the next. */
  private final Object resizing = new Object();

  private @Nullable Ring retired;
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
    ring = new Ring(memory);
    capacity = memory.entries();
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

  long handle() {
    return handle;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public int poll(WorkCompletion[] completions) {
    if (isClosed()) {
      return 0;
    }
    Ring from = ring;
    // Looked up first: a ring with a successor gets no more entries.
    Ring next = from.next;
    int n = poll(from, completions, 0);
    while (next != null && n < completions.length && head == next.first) {
      ring = next;
      from = next;
      next = from.next;
      n = poll(from, completions, n);
    }
    return n;
  }

  /** Fills from index {@code filled} on; gives the index after the last that was filled. */
  private int poll(Ring from, WorkCompletion[] completions, int filled) {
    QueueMemory memory = from.memory;
    if (!memory.gate.enter()) {
      return filled;
    }
    try {
      long begin = head;
      long at = begin;
      int n = filled;
      while (n < completions.length && isValid(memory, at - from.first)) {
        if (take(memory.segment(), memory.offset(at - from.first), completions[n])) {
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

  private static boolean isValid(QueueMemory memory, long position) {
    int valid = Memory.acquire32(memory.segment(), memory.offset(position) + Cqe.VALID);
    return (valid & 1) == memory.validBit(position);
  }

  /** Decodes an entry; false if it is what a closed queue pair left behind. */
  private boolean take(MemorySegment from, long offset, WorkCompletion into) {
    int qpn = Memory.get32(from, offset + Cqe.LOCAL_QPN);
    EhcaQp qp = hca.qps.find(qpn);
    int flags = Memory.get8(from, offset + Cqe.FLAGS);
    boolean shared = (flags & Cqe.FROM_SRQ) != 0;
    if (shared) {
      // Free again, even if the queue pair is not there any more.
      freeShared(qp, Memory.get32(from, offset + Cqe.SRQ_TOKEN));
    }
    if (qp == null || qp.isClosed()) {
      return false;
    }
    if (!shared) {
      qp.polled((flags & Cqe.IS_RECEIVE) != 0, Memory.get64(from, offset + Cqe.POSITION));
    }
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

  private void freeShared(@Nullable EhcaQp qp, int token) {
    EhcaSrq srq = qp == null ? hca.events().srq(token) : qp.srq();
    if (srq != null) {
      srq.polled();
    }
  }

  @Override
  public void resize(int entries) throws RdmaException {
    requireOpen();
    Quota.checkLimit(
        "entries of a completion queue of " + commands().device(), entries, hca.query().maxCqe());
    synchronized (resizing) {
      Ring now = ring;
      if (now.next != null) {
        throw new RdmaException(
            label() + ": entries from before the last resize wait; poll them, then try again");
      }
      freeRetired();
      HcallResult made = hca.hcalls.run("resizing " + label(), Hcall.H_RESIZE_CQ, handle, entries);
      QueueMemory memory =
          QueueMemory.allocate(
              hca.context.dma(), label(), (int) made.r5(), Cqe.BYTES_PER_ENTRY, hca.queues);
      Ring wanted = new Ring(memory);
      try {
        memory.register(hca.hcalls, label(), handle, ResourceType.QUEUE_RESIZED);
        wanted.first = hca.hcalls.run("resizing " + label(), Hcall.H_RESIZE_CQ, handle, 0).r4();
      } catch (RdmaException | RuntimeException e) {
        memory.free();
        throw e;
      }
      retired = now;
      capacity = memory.entries();
      now.next = wanted;
    }
  }

  private void freeRetired() {
    if (retired != null) {
      retired.memory.free();
      retired = null;
    }
  }

  @Override
  public void reqNotify() {
    arm(1);
  }

  @Override
  public void reqNotify(boolean solicitedOnly) {
    arm(solicitedOnly ? 2 : 1);
  }

  private void arm(int what) {
    registers.store(Register.CQ_NOTIFY, what);
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
    synchronized (resizing) {
      freeRetired();
      Ring last = ring.next;
      if (last != null) {
        last.memory.free();
      }
      ring.memory.free();
    }
  }
}
