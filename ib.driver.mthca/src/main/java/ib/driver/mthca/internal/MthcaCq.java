// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.QueueContext;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.driver.mthca.internal.prm.Syndrome;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A completion queue: a ring in coherent memory that the hardware fills. */
final class MthcaCq extends HcaResource implements CompletionQueue {
  /** Command of the doorbell: an event for the next completion. */
  private static final long REQUEST_NOTIFICATION = 2L << 56;

  /** Command of the doorbell: an event for the next that is solicited or an error. */
  private static final long REQUEST_SOLICITED = 1L << 56;

  /** Entries from a position on; those before it are in the ring before. */
  private static final class Ring {
    final QueueBuffer buffer;
    final int mask;

    /** Where it takes over. */
    int first;

    /** Who takes over; set once. */
    volatile @Nullable Ring next;

    Ring(QueueBuffer buffer, int capacity) {
      this.buffer = buffer;
      mask = capacity - 1;
    }

    static Ring make(MthcaTables tables, int capacity) throws RdmaException {
      Ring ring = new Ring(new QueueBuffer(tables, capacity * Cqe.BYTES), capacity);
      ring.buffer.fillWord(capacity, Cqe.BYTES, Cqe.LAST, Cqe.OWNER_HW);
      return ring;
    }
  }

  private final MthcaHca hca;
  private final int cqn;
  private final @Nullable CompletionHandler handler;
  private final DbRecord consumerRecord;
  private final DbRecord armRecord;
  private final AtomicInteger armings = new AtomicInteger();

  /** Passed by the polling thread. */
  private final Gate gate = new Gate();

  /** Passed by whoever arms. */
  private final Gate armGate = new Gate();

  private volatile int consumer;

  /** What is polled. The polling thread moves it. */
  private volatile Ring ring;

  private volatile int capacity;

  /** One resize at a time; guards what was polled to its end and is freed at the next. */
  private final Object resizing = new Object();

  private @Nullable Ring retired;

  private MthcaCq(
      MthcaHca hca,
      ResourceBook book,
      int cqn,
      Ring ring,
      @Nullable CompletionHandler handler,
      DbRecord consumerRecord,
      DbRecord armRecord) {
    super(hca.commands, book, "cq " + cqn);
    this.hca = hca;
    this.cqn = cqn;
    this.handler = handler;
    this.ring = ring;
    capacity = ring.mask + 1;
    this.consumerRecord = consumerRecord;
    this.armRecord = armRecord;
  }

  static MthcaCq create(
      MthcaHca hca, ResourceBook book, int entries, @Nullable CompletionHandler handler)
      throws RdmaException {
    hca.commands.requirePresent("creating a completion queue");
    Quota.checkLimit(
        "entries of a completion queue of " + hca.commands.device(),
        entries,
        hca.limits().maxCqe());
    int capacity = Be.powerOfTwo(entries);
    hca.resources().cqs().take();
    try (Undo undo = new Undo()) {
      undo.add(hca.resources().cqs()::give);
      int cqn = hca.resources().cqns().take();
      undo.add(() -> hca.resources().cqns().give(cqn));
      MthcaTables tables = hca.tables();
      DbRecord consumer = tables.takeRecord();
      undo.add(() -> tables.giveRecord(consumer));
      DbRecord arm = tables.takeRecord();
      undo.add(() -> tables.giveRecord(arm));
      Ring ring = Ring.make(tables, capacity);
      undo.add(ring.buffer::free);
      MthcaCq cq = new MthcaCq(hca, book, cqn, ring, handler, consumer, arm);
      cq.open();
      undo.forget();
      return cq;
    }
  }

  private void open() throws RdmaException {
    consumerRecord.assign(cqn, Db.CQ_SET_CI);
    armRecord.assign(cqn, Db.CQ_ARM);
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      MemorySegment in = box.segment();
      Be.put32(in, QueueContext.MTT_INDEX, ring.buffer.firstTranslation());
      Be.put32(in, QueueContext.LOG_ENTRIES, Be.log2(capacity()));
      Be.put32(in, QueueContext.CI_RECORD, consumerRecord.index());
      Be.put32(in, QueueContext.ARM_RECORD, armRecord.index());
      hca.resources().cqByNumber().set(cqn, this);
      hca.hcr.execute(Command.SW2HW_CQ, box.address(), cqn, 0);
    } catch (RdmaException | RuntimeException e) {
      hca.resources().cqByNumber().set(cqn, null);
      throw e;
    }
    opened();
  }

  int cqn() {
    return cqn;
  }

  /** Where the hardware sees the ring. */
  long busAddress() {
    return ring.buffer.busAddress();
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public int poll(WorkCompletion[] completions) {
    gate.enter();
    try {
      return isClosed() || commands().isWithdrawn() ? 0 : pollRing(completions);
    } finally {
      gate.leave();
    }
  }

  private int pollRing(WorkCompletion[] completions) {
    int at = consumer;
    int before = at;
    int n = 0;
    Ring from = ring;
    while (n < completions.length) {
      Ring next = from.next;
      if (next != null && at == next.first) {
        from = next;
        ring = next;
      }
      int offset = (at & from.mask) * Cqe.BYTES;
      MemorySegment segment = from.buffer.segment(offset);
      int entry = QueueBuffer.within(offset);
      int last = Be.acquire32(segment, entry + Cqe.LAST);
      if ((last & Cqe.OWNER_HW) != 0) {
        break;
      }
      if (take(segment, entry, last, completions[n])) {
        n++;
      }
      Be.put32(segment, entry + Cqe.LAST, Cqe.OWNER_HW);
      at++;
    }
    if (at != before) {
      consumer = at;
      consumerRecord.publish(at);
    }
    return n;
  }

  /** Decodes an entry; false for one that a queue pair left behind when it was closed or reset. */
  private boolean take(MemorySegment segment, int entry, int last, WorkCompletion into) {
    int srqTag = Be.get32(segment, entry + Cqe.SRQN);
    MthcaQp qp = hca.qps.get(Be.get32(segment, entry + Cqe.QPN));
    if (srqTag != 0) {
      return takeShared(srqTag, qp, segment, entry, last, into);
    }
    if (qp == null || qp.isClosed()) {
      return false;
    }
    boolean send = Cqe.isSend(last);
    WorkQueue queue = send ? qp.sends() : qp.receives();
    int life = Be.get32(segment, entry + Cqe.LIFE);
    int slot = queue.complete(life, Be.get32(segment, entry + Cqe.WQE));
    if (slot < 0) {
      return false;
    }
    fill(queue.wrId(slot), queue.opcode(slot), qp, segment, entry, last, into);
    return true;
  }

  /**
   * Decodes an entry of a shared receive queue, whose receive is free again even if the queue pair
   * is not there any more.
   */
  private boolean takeShared(
      int srqTag,
      @Nullable MthcaQp qp,
      MemorySegment segment,
      int entry,
      int last,
      WorkCompletion into) {
    MthcaSrq srq = hca.srq(Cqe.srqnOf(srqTag));
    if (srq == null || !srq.isTagged(srqTag)) {
      return false;
    }
    long wrId = srq.complete(Be.get32(segment, entry + Cqe.WQE));
    if (qp == null || qp.isClosed() || !qp.lives(Be.get32(segment, entry + Cqe.LIFE))) {
      return false;
    }
    fill(wrId, WcOpcode.RECV, qp, segment, entry, last, into);
    return true;
  }

  private static void fill(
      long wrId,
      WcOpcode ofError,
      MthcaQp qp,
      MemorySegment segment,
      int entry,
      int last,
      WorkCompletion into) {
    if (Cqe.isError(last)) {
      int syndrome = Be.get32(segment, entry + Cqe.SYNDROME) >>> 24;
      into.set(wrId, Syndrome.status(syndrome), ofError, qp.qpn(), 0);
      return;
    }
    into.set(
            wrId,
            WcStatus.SUCCESS,
            Cqe.opcode(last),
            qp.qpn(),
            Be.get32(segment, entry + Cqe.BYTE_COUNT))
        .setSrcQpn(Be.get32(segment, entry + Cqe.REMOTE_QPN));
    switch (Cqe.flags(last)) {
      case WcFlags.WITH_IMM -> into.setImmediate(Be.get32(segment, entry + Cqe.IMMEDIATE));
      case WcFlags.WITH_INV -> into.setInvalidatedRkey(Be.get32(segment, entry + Cqe.IMMEDIATE));
      default -> {
        // The field holds nothing.
      }
    }
  }

  @Override
  public void resize(int entries) throws RdmaException {
    requireOpen();
    Quota.checkLimit(
        "entries of a completion queue of " + commands().device(), entries, hca.limits().maxCqe());
    synchronized (resizing) {
      Ring now = ring;
      if (now.next != null) {
        throw new RdmaException(
            label() + ": entries from before the last resize wait; poll them, then try again");
      }
      freeRetired();
      Ring wanted = Ring.make(hca.tables(), Be.powerOfTwo(entries));
      try (Mailboxes.Box box = hca.mailboxes.take()) {
        Be.put32(box.segment(), QueueContext.MTT_INDEX, wanted.buffer.firstTranslation());
        Be.put32(box.segment(), QueueContext.LOG_ENTRIES, Be.log2(wanted.mask + 1));
        wanted.first = (int) hca.hcr.execute(Command.RESIZE_CQ, box.address(), cqn, 0);
      } catch (RdmaException | RuntimeException e) {
        wanted.buffer.free();
        throw e;
      }
      retired = now;
      capacity = wanted.mask + 1;
      now.next = wanted;
    }
  }

  private void freeRetired() {
    if (retired != null) {
      retired.buffer.free();
      retired = null;
    }
  }

  @Override
  public void reqNotify() {
    arm(REQUEST_NOTIFICATION);
  }

  @Override
  public void reqNotify(boolean solicitedOnly) {
    arm(solicitedOnly ? REQUEST_SOLICITED : REQUEST_NOTIFICATION);
  }

  private void arm(long command) {
    armGate.enter();
    try {
      if (isClosed() || commands().isWithdrawn()) {
        return;
      }
      armRecord.publish(armings.incrementAndGet());
    } finally {
      armGate.leave();
    }
    hca.registers.ring(
        RegisterSpace.CQ_DOORBELL, command | ((long) cqn << 32) | Integer.toUnsignedLong(consumer));
    // Armed before the caller looks for entries once more.
    VarHandle.fullFence();
  }

  /** Waits until no thread is inside that came before the end was said. */
  boolean isUnused() {
    return gate.awaitEmpty() && armGate.awaitEmpty();
  }

  /** By the interrupt handler. */
  void callHandler() {
    if (handler != null && !isClosed() && !commands().isWithdrawn()) {
      handler.onCompletion(this);
    }
  }

  @Override
  protected void destroy() throws RdmaException {
    commands()
        .call(
            "destroying " + label(),
            () -> {
              hca.hcr.issue(Command.HW2SW_CQ, 0, cqn, 0);
              // In the agent: no handler runs when this returns, or later.
              hca.resources().cqByNumber().set(cqn, null);
              return true;
            });
    if (isUnused()) {
      synchronized (resizing) {
        // The retired one is polled still, or was before the present one.
        Ring last = ring.next;
        if (last != null) {
          last.buffer.free();
        } else {
          freeRetired();
        }
        ring.buffer.free();
      }
      hca.tables().giveRecord(consumerRecord);
      hca.tables().giveRecord(armRecord);
    }
    hca.resources().cqns().give(cqn);
  }

  @Override
  protected void release() {
    hca.resources().cqs().give();
  }
}
