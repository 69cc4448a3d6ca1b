// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.firmware.RegisterPage;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.ResourceType;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.verbs.DeviceCapabilities;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SharedReceiveQueue;
import ib.verbs.SrqInitAttributes;
import ib.verbs.spi.ResourceBook;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A shared receive queue. The adapter fetches entries in order, so as many places of the ring are
 * free as entries have completed, whichever they were.
 */
final class EhcaSrq extends HcaResource implements SharedReceiveQueue {
  private final EhcaHca hca;
  private final EhcaPd pd;
  private final int token;
  private final SrqInitAttributes init;
  private final long handle;
  private final QueueMemory memory;
  private final RegisterPage registers;
  private final AtomicLong completed = new AtomicLong();

  /** By the posting thread; volatile because threads may take turns. */
  private volatile long posted;

  private EhcaSrq(
      EhcaHca hca,
      EhcaPd pd,
      ResourceBook book,
      int token,
      SrqInitAttributes init,
      long handle,
      QueueMemory memory,
      RegisterPage registers) {
    super(hca.commands, book, "srq " + token);
    this.hca = hca;
    this.pd = pd;
    this.token = token;
    this.init = init;
    this.handle = handle;
    this.memory = memory;
    this.registers = registers;
  }

  static EhcaSrq create(EhcaHca hca, EhcaPd pd, ResourceBook book, SrqInitAttributes init)
      throws RdmaException {
    String device = hca.commands.device();
    DeviceCapabilities limits = hca.query().capabilities();
    Quota.checkLimit(
        "maxWr of a shared receive queue on " + device, init.maxWr(), limits.maxSrqWr());
    Quota.checkLimit(
        "maxSge of a shared receive queue on " + device, init.maxSge(), limits.maxSrqSge());
    int token = hca.nextNumber();
    String what = "srq " + token;
    HcallResult made =
        hca.hcalls.run(
            "creating " + what,
            Hcall.H_ALLOC_RESOURCE,
            ResourceType.SRQ,
            init.maxWr(),
            init.maxSge(),
            token);
    QueueMemory memory = null;
    try {
      memory =
          QueueMemory.allocate(
              hca.context.dma(), what, (int) made.r5(), Wqe.entryBytes(init.maxSge()), hca.queues);
      memory.register(hca.hcalls, what, made.r4(), ResourceType.QUEUE_FIRST);
      RegisterPage registers =
          hca.commands.call("mapping " + what, () -> hca.hcalls.hypervisor().map(made.r4()));
      EhcaSrq srq = new EhcaSrq(hca, pd, book, token, init, made.r4(), memory, registers);
      srq.open();
      return srq;
    } catch (RdmaException | RuntimeException e) {
      hca.hcalls.free(what, made.r4());
      if (memory != null) {
        memory.free();
      }
      throw e;
    }
  }

  private void open() throws RdmaException {
    modify(init.srqLimit());
    pd.use(this);
    hca.events().add(token, this);
    opened();
  }

  long handle() {
    return handle;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one posting thread
  public PostResult postRecv(RecvWr request) {
    if (request.sges().count() > init.maxSge()) {
      throw new IllegalArgumentException(
          label()
              + ": "
              + request.sges().count()
              + " elements; the queue was made for "
              + init.maxSge());
    }
    if (commands().isWithdrawn()) {
      return PostResult.WITHDRAWN;
    }
    if (isClosed() || !memory.gate.enter()) {
      return PostResult.BAD_STATE;
    }
    try {
      if (posted - completed.get() >= init.maxWr()) {
        return PostResult.QUEUE_FULL;
      }
      WorkQueue.put(memory.segment(), memory.offset(posted), request.wrId(), 0, 0, request.sges());
      posted++;
    } finally {
      memory.gate.leave();
    }
    registers.store(Register.QP_RECEIVE_ADDER, 1);
    return PostResult.OK;
  }

  /** A completion of an entry was polled, by any thread. */
  void polled() {
    completed.incrementAndGet();
  }

  @Override
  public void modify(int srqLimit) throws RdmaException {
    requireOpen();
    if (srqLimit != 0) {
      Quota.checkLimit("limit of " + label(), srqLimit, init.maxWr());
    }
    hca.hcalls.run("modifying " + label(), Hcall.H_MODIFY_SRQ, handle, srqLimit);
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
    long armed = hca.hcalls.run("querying " + label(), Hcall.H_QUERY_SRQ, handle).r4();
    return new SrqInitAttributes(init.maxWr(), init.maxSge(), (int) armed);
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.events().remove(token);
    hca.hcalls.run("destroying " + label(), Hcall.H_FREE_RESOURCE, handle);
  }

  @Override
  protected void release() {
    memory.free();
    pd.unuse(this);
  }
}
