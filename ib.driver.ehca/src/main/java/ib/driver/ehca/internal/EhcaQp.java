// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.QpBlock;
import ib.driver.ehca.internal.format.Register;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.hca.HcaResource;
import ib.transport.hca.SendCheck;
import ib.transport.wire.Feth;
import ib.transport.wire.Gids;
import ib.verbs.AsyncEventType;
import ib.verbs.FlushLevel;
import ib.verbs.NotSupportedException;
import ib.verbs.PostResult;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair: writes entries into coherent memory and tells the adapter how many through its
 * register page.
 */
final class EhcaQp extends HcaResource implements QueuePair {
  private final EhcaHca hca;
  private final EhcaPd pd;
  private final EhcaCq sendCq;
  private final EhcaCq recvCq;
  private final @Nullable EhcaSrq srq;
  private final QpType type;
  private final QpMaker.Parts parts;
  private final SendCheck check;

  /** What the driver knows; the adapter tells of errors by event. */
  private volatile QpState state = QpState.RESET;

  private volatile QpAttributes lastKnown = new QpAttributes();

  EhcaQp(
      EhcaHca hca,
      EhcaPd pd,
      ResourceBook book,
      EhcaCq sendCq,
      EhcaCq recvCq,
      @Nullable EhcaSrq srq,
      QpType type,
      QpMaker.Parts parts) {
    super(hca.commands, book, "qp 0x" + Integer.toHexString(parts.qpn()));
    this.hca = hca;
    this.pd = pd;
    this.sendCq = sendCq;
    this.recvCq = recvCq;
    this.srq = srq;
    this.type = type;
    this.parts = parts;
    check = new SendCheck(hca.commands, label(), type, EhcaHca.OPERATIONS, 0);
  }

  static EhcaQp create(EhcaHca hca, EhcaPd pd, ResourceBook book, QpInitAttributes init)
      throws RdmaException {
    return new QpMaker(hca, pd, init).make(book);
  }

  /** Queues and registers. */
  QpMaker.Parts parts() {
    return parts;
  }

  /** Last step of making: notes what it uses, and books it. */
  void open() throws RdmaException {
    try {
      pd.use(this);
      sendCq.use(this);
      recvCq.use(this);
      if (srq != null) {
        srq.use(this);
      }
    } catch (RdmaException e) {
      unuseAll();
      throw e;
    }
    hca.qps.add(this);
    opened();
  }

  private void unuseAll() {
    if (srq != null) {
      srq.unuse(this);
    }
    recvCq.unuse(this);
    sendCq.unuse(this);
    pd.unuse(this);
  }

  @Override
  public int qpn() {
    return parts.qpn();
  }

  @Override
  public QpType type() {
    return type;
  }

  @Override
  public QpState state() {
    return isClosed() || commands().isWithdrawn() ? QpState.ERR : state;
  }

  @Override
  public void modify(QpAttributes attributes) throws RdmaException {
    requireOpen();
    checkRdAtomic(attributes);
    hca.hcalls.run(
        "modifying " + label(),
        () -> {
          QpBlock.write(hca.hcalls.block(), attributes);
          hca.hcalls.call(Hcall.H_MODIFY_QP, parts.handle(), hca.hcalls.blockAddress());
          if (attributes.has(QpAttributes.STATE)) {
            entered(attributes.state());
          }
          return true;
        });
  }

  private void checkRdAtomic(QpAttributes attributes) throws RdmaException {
    int max = hca.query().maxQpRdAtom();
    boolean fits =
        (!attributes.has(QpAttributes.MAX_QP_RD_ATOMIC) || attributes.maxRdAtomic() <= max)
            && (!attributes.has(QpAttributes.MAX_DEST_RD_ATOMIC)
                || attributes.maxDestRdAtomic() <= max);
    if (!fits) {
      throw new RdmaException(
          label()
              + ": maxRdAtomic "
              + attributes.maxRdAtomic()
              + ", maxDestRdAtomic "
              + attributes.maxDestRdAtomic()
              + ": give at most "
              + max);
    }
  }

  private void entered(QpState to) {
    state = to;
    if (to == QpState.RESET) {
      parts.sends().reset();
      parts.receives().reset();
    }
  }

  /** The adapter put the queue pair into error. Agent thread. */
  void failed() {
    // The event may be older than a reset.
    if (state != QpState.RESET) {
      state = QpState.ERR;
    }
    String detail = hca.hcalls.why(parts.handle());
    hca.context.asyncEvent(AsyncEventType.QP_FATAL, label() + detail);
    tellOwner(AsyncEventType.QP_FATAL, "failed" + detail);
  }

  /** The adapter put the send queue into error. Agent thread. */
  void sendQueueFailed() {
    if (state == QpState.RTS || state == QpState.SQD) {
      state = QpState.SQE;
    }
  }

  @Nullable EhcaSrq srq() {
    return srq;
  }

  @Override
  public void attachMcast(InetAddress group) throws RdmaException {
    multicast(Hcall.H_ATTACH_MCQP, group);
  }

  @Override
  public void detachMcast(InetAddress group) throws RdmaException {
    multicast(Hcall.H_DETACH_MCQP, group);
  }

  private void multicast(Hcall call, InetAddress group) throws RdmaException {
    requireOpen();
    if (type != QpType.UD) {
      throw new NotSupportedException(
          label() + " is of type " + type + ": only UD queue pairs are in groups like " + group);
    }
    hca.hcalls.run(
        call + " of " + label(), call, parts.handle(), Gids.high(group), Gids.low(group));
  }

  @Override
  public QpAttributes query() {
    try {
      requireOpen();
      QpAttributes known =
          hca.hcalls.<@Nullable QpAttributes>run(
              "querying " + label(),
              () -> {
                hca.hcalls.call(Hcall.H_QUERY_QP, parts.handle(), hca.hcalls.blockAddress());
                return QpBlock.read(hca.hcalls.block());
              });
      if (known != null) {
        lastKnown = known;
      }
      return lastKnown;
    } catch (RdmaException e) {
      // Closed, or the device is gone.
      return new QpAttributes().state(QpState.ERR);
    }
  }

  @Override
  public PostResult postSend(SendWr request) {
    WorkQueue sends = parts.sends();
    sends.checkSegments(label(), request.sges());
    check.check(request);
    PostResult refusal = refuse(QpState.RTS);
    if (refusal != null) {
      return refusal;
    }
    if (!sends.memory.gate.enter()) {
      return closedResult();
    }
    try {
      long offset = sends.claim();
      if (offset < 0) {
        return PostResult.QUEUE_FULL;
      }
      write(sends, offset, request);
      sends.publish();
    } finally {
      sends.memory.gate.leave();
    }
    parts.registers().store(Register.QP_SEND_ADDER, 1);
    return PostResult.OK;
  }

  private void write(WorkQueue sends, long offset, SendWr wr) {
    int flags =
        (wr.signaled() ? Wqe.SIGNALED : 0)
            | (wr.solicited() ? Wqe.SOLICITED : 0)
            | (wr.fence() ? Wqe.FENCE : 0)
            | (wr.opcode().hasImmediate() ? Wqe.HAS_IMMEDIATE : 0)
            | (wr.opcode() == WrOpcode.SEND_WITH_INV ? Wqe.INVALIDATES : 0);
    sends.put(offset, wr.wrId(), operation(wr.opcode()), flags, wr.sges());
    MemorySegment to = sends.memory.segment();
    Memory.put32(to, offset + Wqe.IMMEDIATE, wr.immediate());
    Memory.put64(to, offset + Wqe.REMOTE_ADDRESS, wr.remoteAddress());
    Memory.put32(to, offset + Wqe.RKEY, wr.rkey());
    putOperands(to, offset, wr);
    InetAddress destination = wr.destination();
    if (destination != null) {
      Memory.put64(to, offset + Wqe.DESTINATION_GID, Gids.high(destination));
      Memory.put64(to, offset + Wqe.DESTINATION_GID + 8, Gids.low(destination));
      Memory.put32(to, offset + Wqe.REMOTE_QPN, wr.remoteQpn());
      Memory.put32(to, offset + Wqe.REMOTE_QKEY, wr.remoteQkey());
    }
  }

  private void putOperands(MemorySegment to, long offset, SendWr wr) {
    switch (wr.opcode()) {
      case SEND_WITH_INV, LOCAL_INV -> Memory.put32(to, offset + Wqe.ARGUMENT, wr.invalidateRkey());
      case FLUSH -> {
        int level = wr.flushLevel() == FlushLevel.MR ? Feth.LEVEL_MR : Feth.LEVEL_RANGE;
        Memory.put32(to, offset + Wqe.ARGUMENT, Feth.of(level, wr.flushPlacement()));
        Memory.put64(to, offset + Wqe.LENGTH, wr.flushBytes());
      }
      case REG_MR -> {
        EhcaFastRegMr mr = (EhcaFastRegMr) Objects.requireNonNull(wr.fastRegMr());
        putKeys(to, offset, mr.lkey(), mr.rkey(), wr.access());
        Memory.put64(to, offset + Wqe.LOCAL_ADDRESS, mr.mappedIova());
        Memory.put64(to, offset + Wqe.LENGTH, mr.mappedBytes());
      }
      case BIND_MW -> {
        EhcaMw mw = (EhcaMw) Objects.requireNonNull(wr.window());
        int newKey = hca.tags.next(mw.rkey());
        putKeys(to, offset, mw.rkey(), newKey, wr.access());
        mw.setKey(newKey);
        Memory.put32(to, offset + Wqe.REGION_KEY, Objects.requireNonNull(wr.region()).lkey());
        Memory.put64(to, offset + Wqe.LOCAL_ADDRESS, wr.bindAddress());
        Memory.put64(to, offset + Wqe.LENGTH, wr.bindLength());
      }
      default -> {
        // No operands.
      }
    }
  }

  private static void putKeys(MemorySegment to, long offset, int key, int newKey, int access) {
    Memory.put32(to, offset + Wqe.KEY, key);
    Memory.put32(to, offset + Wqe.NEW_KEY, newKey);
    Memory.put32(to, offset + Wqe.ACCESS, access);
  }

  private static int operation(WrOpcode opcode) {
    return switch (opcode) {
      case SEND, SEND_WITH_IMM, SEND_WITH_INV -> Wqe.SEND;
      case RDMA_WRITE, RDMA_WRITE_WITH_IMM -> Wqe.RDMA_WRITE;
      case RDMA_READ -> Wqe.RDMA_READ;
      case BIND_MW -> Wqe.BIND;
      case LOCAL_INV -> Wqe.LOCAL_INVALIDATE;
      case REG_MR -> Wqe.REGISTER;
      case FLUSH -> Wqe.FLUSH;
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD, ATOMIC_WRITE ->
          throw new IllegalArgumentException("this adapter has no " + opcode);
    };
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    if (srq != null) {
      return PostResult.BAD_STATE;
    }
    WorkQueue receives = parts.receives();
    receives.checkSegments(label(), request.sges());
    PostResult refusal = refuse(QpState.INIT);
    if (refusal != null) {
      return refusal;
    }
    if (!receives.memory.gate.enter()) {
      return closedResult();
    }
    try {
      long offset = receives.claim();
      if (offset < 0) {
        return PostResult.QUEUE_FULL;
      }
      receives.put(offset, request.wrId(), 0, 0, request.sges());
      receives.publish();
    } finally {
      receives.memory.gate.leave();
    }
    parts.registers().store(Register.QP_RECEIVE_ADDER, 1);
    return PostResult.OK;
  }

  private @Nullable PostResult refuse(QpState first) {
    if (commands().isWithdrawn() || isClosed()) {
      return closedResult();
    }
    return state.compareTo(first) < 0 ? PostResult.BAD_STATE : null;
  }

  private PostResult closedResult() {
    return commands().isWithdrawn() ? PostResult.WITHDRAWN : PostResult.BAD_STATE;
  }

  /** A completion of this queue pair was polled. */
  void polled(boolean receive, long position) {
    (receive ? parts.receives() : parts.sends()).release(position);
  }

  @Override
  protected void destroy() throws RdmaException {
    hca.hcalls.run("destroying " + label(), Hcall.H_FREE_RESOURCE, parts.handle());
  }

  @Override
  protected void release() {
    hca.qps.remove(this);
    parts.sends().memory.free();
    parts.receives().memory.free();
    unuseAll();
  }
}
