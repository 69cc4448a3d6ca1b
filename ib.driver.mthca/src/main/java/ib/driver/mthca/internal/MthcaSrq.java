// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.QpContext;
import ib.driver.mthca.internal.prm.SrqContext;
import ib.driver.mthca.internal.prm.Wqe;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;

/**
 * A shared receive queue: entries in coherent memory, linked in the order in which they are free
 * and so in which they are posted. One entry more than asked for is never posted, so that the last
 * posted one has a link already.
 */
final class MthcaSrq extends HcaResource implements SharedReceiveQueue {
  private static final int MIN_STRIDE = 64;

  private final MthcaHca hca;
  private final MthcaPd pd;
  private final int number;

  /** What completions of this queue carry: it can't be an earlier one's with the same number. */
  private final int tag;

  private final int life;
  private final SrqInitAttributes init;
  private final int logStride;
  private final int entries;
  private final QueueBuffer buffer;
  private final DbRecord record;
  private final long[] wrIds;

  /** Passed by the posting thread. */
  private final Gate gate = new Gate();

  /** Guards the links; held for a few stores. */
  private final Object links = new Object();

  private final int[] next;
  private int firstFree;
  private int lastFree;
  private int outstanding;

  /** By the posting thread. */
  private int posted;

  private MthcaSrq(
      MthcaHca hca,
      MthcaPd pd,
      ResourceBook book,
      int number,
      SrqInitAttributes init,
      int logStride,
      QueueBuffer buffer,
      DbRecord record) {
    super(hca.commands, book, "srq " + number);
    this.hca = hca;
    this.pd = pd;
    this.number = number;
    life = hca.nextNumber();
    tag = Cqe.srqTag(number, life);
    this.init = init;
    this.logStride = logStride;
    this.buffer = buffer;
    this.record = record;
    entries = entries(init);
    wrIds = new long[entries];
    next = new int[entries];
    lastFree = entries - 1;
  }

  private static int entries(SrqInitAttributes init) {
    return Be.powerOfTwo(init.maxWr() + 1);
  }

  static MthcaSrq create(MthcaHca hca, MthcaPd pd, ResourceBook book, SrqInitAttributes init)
      throws RdmaException {
    hca.commands.requirePresent("creating a shared receive queue");
    String device = hca.commands.device();
    Quota.checkLimit(
        "maxWr of a shared receive queue on " + device, init.maxWr(), hca.limits().maxSrqWr());
    Quota.checkLimit(
        "maxSge of a shared receive queue on " + device, init.maxSge(), hca.limits().maxSrqSg());
    try (Undo undo = new Undo()) {
      int number = hca.resources().srqns().take();
      undo.add(() -> hca.resources().srqns().give(number));
      MthcaTables tables = hca.tables();
      DbRecord record = tables.takeRecord();
      undo.add(() -> tables.giveRecord(record));
      int bytes = Wqe.NEXT_BYTES + init.maxSge() * Wqe.DATA_BYTES;
      int stride = Math.max(MIN_STRIDE, Be.powerOfTwo(bytes));
      QueueBuffer buffer = new QueueBuffer(tables, entries(init) * stride);
      undo.add(buffer::free);
      MthcaSrq srq = new MthcaSrq(hca, pd, book, number, init, Be.log2(stride), buffer, record);
      pd.use(srq);
      undo.add(() -> pd.unuse(srq));
      srq.open();
      undo.forget();
      return srq;
    }
  }

  private void open() throws RdmaException {
    record.assign(number, Db.SRQ);
    for (int slot = 0; slot < entries; slot++) {
      link(slot, (slot + 1) & (entries - 1));
    }
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      MemorySegment in = box.segment();
      Be.put32(in, SrqContext.MTT_INDEX, buffer.firstTranslation());
      Be.put32(in, SrqContext.SHAPE, QpContext.shape(Be.log2(entries), logStride));
      Be.put32(in, SrqContext.RECORD, record.index());
      Be.put32(in, SrqContext.LIFE, life);
      hca.resources().srqByNumber().set(number, this);
      hca.hcr.execute(Command.SW2HW_SRQ, box.address(), number, 0);
      hca.hcr.execute(Command.ARM_SRQ, init.srqLimit(), number, 0);
    } catch (RdmaException | RuntimeException e) {
      hca.resources().srqByNumber().set(number, null);
      throw e;
    }
    opened();
  }

  private void link(int slot, int to) {
    next[slot] = to;
    int offset = slot << logStride;
    Be.put32(
        buffer.segment(offset),
        QueueBuffer.within(offset) + Wqe.NDA_OP,
        (to << logStride) | SrqContext.LINK_VALID);
  }

  int number() {
    return number;
  }

  /** Whether a completion that carries a tag is of this queue. */
  boolean isTagged(int tagOfEntry) {
    return tag == tagOfEntry;
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    if (request.sges().count() > init.maxSge()) {
      throw new IllegalArgumentException(
          label()
              + ": "
              + request.sges().count()
              + " elements; the queue was made for "
              + init.maxSge());
    }
    gate.enter();
    try {
      if (hca.isGone()) {
        return PostResult.WITHDRAWN;
      }
      if (isClosed()) {
        return PostResult.BAD_STATE;
      }
      int slot = claim();
      if (slot < 0) {
        return PostResult.QUEUE_FULL;
      }
      write(slot, request);
      record.publish(++posted);
      return PostResult.OK;
    } finally {
      gate.leave();
    }
  }

  private int claim() {
    synchronized (links) {
      if (outstanding == init.maxWr()) {
        return -1;
      }
      outstanding++;
      int slot = firstFree;
      firstFree = next[slot];
      return slot;
    }
  }

  private void write(int slot, RecvWr wr) {
    int offset = slot << logStride;
    MemorySegment segment = buffer.segment(offset);
    int at = QueueBuffer.within(offset);
    int end = WorkQueue.putData(segment, at + Wqe.NEXT_BYTES, wr.sges());
    if (end + Wqe.DATA_BYTES <= at + (1 << logStride)) {
      Be.put32(segment, end, 0);
      Be.put32(segment, end + Wqe.DATA_KEY, Wqe.INVALID_LKEY);
      Be.put64(segment, end + Wqe.DATA_ADDRESS, 0);
    }
    wrIds[slot] = wr.wrId();
  }

  /** A completion was polled: frees its entry and gives its cookie. Any polling thread. */
  long complete(int wqeOffset) {
    int slot = (wqeOffset >>> logStride) & (entries - 1);
    long id = wrIds[slot];
    synchronized (links) {
      outstanding--;
      link(lastFree, slot);
      lastFree = slot;
    }
    return id;
  }

  @Override
  public void modify(int srqLimit) throws RdmaException {
    requireOpen();
    if (srqLimit != 0) {
      Quota.checkLimit("limit of " + label(), srqLimit, init.maxWr());
    }
    hca.hcr.execute(Command.ARM_SRQ, srqLimit, number, 0);
  }

  @Override
  public void resize(int maxWr) throws RdmaException {
    throw new NotSupportedException(
        label()
            + " keeps its "
            + init.maxWr()
            + " entries: the device has no SRQ_RESIZE; create a queue of "
            + maxWr
            + " instead");
  }

  @Override
  public SrqInitAttributes query() throws RdmaException {
    requireOpen();
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      hca.hcr.execute(Command.QUERY_SRQ, 0, number, box.address());
      return new SrqInitAttributes(
          init.maxWr(), init.maxSge(), Be.get32(box.segment(), SrqContext.LIMIT));
    }
  }

  /** Waits until no thread is inside that came before the end was said. */
  boolean isUnused() {
    return gate.awaitEmpty();
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.hcr.execute(Command.HW2SW_SRQ, 0, number, 0);
    hca.resources().srqByNumber().set(number, null);
    if (isUnused()) {
      buffer.free();
      hca.tables().giveRecord(record);
    }
    hca.resources().srqns().give(number);
  }

  @Override
  protected void release() {
    pd.unuse(this);
  }
}
