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

  private final MthcaHca hca;
  private final int cqn;
  private final @Nullable CompletionHandler handler;
  private final int mask;
  private final QueueBuffer buffer;
  private final DbRecord consumerRecord;
  private final DbRecord armRecord;
  private final AtomicInteger armings = new AtomicInteger();

  /** Passed by the polling thread. */
  private final Gate gate = new Gate();

  /** Passed by whoever arms. */
  private final Gate armGate = new Gate();

  private volatile int consumer;

  private MthcaCq(
      MthcaHca hca,
      ResourceBook book,
      int cqn,
      int capacity,
      @Nullable CompletionHandler handler,
      QueueBuffer buffer,
      DbRecord consumerRecord,
      DbRecord armRecord) {
    super(hca.commands, book, "cq " + cqn);
    this.hca = hca;
    this.cqn = cqn;
    this.handler = handler;
    mask = capacity - 1;
    this.buffer = buffer;
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
      QueueBuffer buffer = new QueueBuffer(tables, capacity * Cqe.BYTES);
      undo.add(buffer::free);
      MthcaCq cq = new MthcaCq(hca, book, cqn, capacity, handler, buffer, consumer, arm);
      cq.open();
      undo.forget();
      return cq;
    }
  }

  private void open() throws RdmaException {
    buffer.fillWord(capacity(), Cqe.BYTES, Cqe.LAST, Cqe.OWNER_HW);
    consumerRecord.assign(cqn, Db.CQ_SET_CI);
    armRecord.assign(cqn, Db.CQ_ARM);
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      MemorySegment in = box.segment();
      Be.put32(in, QueueContext.MTT_INDEX, buffer.firstTranslation());
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

  boolean isOf(MthcaHca device) {
    return hca.equals(device);
  }

  int cqn() {
    return cqn;
  }

  /** Where the hardware sees the ring. */
  long busAddress() {
    return buffer.busAddress();
  }

  @Override
  public int capacity() {
    return mask + 1;
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
    while (n < completions.length) {
      int offset = (at & mask) * Cqe.BYTES;
      MemorySegment segment = buffer.segment(offset);
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
    MthcaQp qp = hca.qps.get(Be.get32(segment, entry + Cqe.QPN));
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
    if (Cqe.isError(last)) {
      int syndrome = Be.get32(segment, entry + Cqe.SYNDROME) >>> 24;
      into.set(queue.wrId(slot), Syndrome.status(syndrome), queue.opcode(slot), qp.qpn(), 0);
      return true;
    }
    into.set(
            queue.wrId(slot),
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
    return true;
  }

  @Override
  public void reqNotify() {
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
        RegisterSpace.CQ_DOORBELL,
        REQUEST_NOTIFICATION | ((long) cqn << 32) | Integer.toUnsignedLong(consumer));
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
      buffer.free();
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
