// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.QpContext;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.transport.hca.HcaResource;
import ib.transport.hca.Quota;
import ib.transport.hca.SendCheck;
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
import ib.verbs.SharedReceiveQueue;
import ib.verbs.spi.ResourceBook;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair. The hardware knows it from RST2INIT on; its state here is what the driver was told
 * last, by its own command or by an event.
 */
final class MthcaQp extends HcaResource implements QueuePair {
  private final MthcaHca hca;
  private final MthcaPd pd;
  private final MthcaCq sendCq;
  private final MthcaCq recvCq;
  private final @Nullable MthcaSrq srq;
  private final int qpn;
  private final QpType type;
  private final SendQueue sends;
  private final RecvQueue receives;
  private final SendCheck check;
  private volatile QpState state = QpState.RESET;

  /**
   * No two queue pairs of the device have the same, as windows are bound to one. Agent thread, but
   * for the first.
   */
  private int life;

  private MthcaQp(
      MthcaHca hca,
      MthcaPd pd,
      ResourceBook book,
      QpType type,
      int qpn,
      MthcaCq sendCq,
      MthcaCq recvCq,
      @Nullable MthcaSrq srq,
      SendQueue sends,
      RecvQueue receives) {
    super(hca.commands, book, label(qpn));
    this.hca = hca;
    this.pd = pd;
    this.type = type;
    this.qpn = qpn;
    this.sendCq = sendCq;
    this.recvCq = recvCq;
    this.srq = srq;
    this.sends = sends;
    life = hca.nextNumber();
    this.receives = receives;
    check =
        new SendCheck(hca.commands, label(qpn), type, MthcaHca.OPERATIONS, sends.maxInlineBytes());
  }

  private static String label(int qpn) {
    return "qp 0x" + Integer.toHexString(qpn);
  }

  static MthcaQp create(MthcaHca hca, MthcaPd pd, ResourceBook book, QpInitAttributes init)
      throws RdmaException {
    hca.commands.requirePresent("creating a queue pair");
    checkLimits(hca, init);
    MthcaCq sendCq = hca.commands.own(MthcaCq.class, init.sendCq());
    MthcaCq recvCq = hca.commands.own(MthcaCq.class, init.recvCq());
    SharedReceiveQueue shared = init.srq();
    MthcaSrq srq = shared == null ? null : hca.commands.own(MthcaSrq.class, shared);
    hca.resources().qps().take();
    try (Undo undo = new Undo()) {
      undo.add(hca.resources().qps()::give);
      int qpn = hca.port.allocateQpn();
      undo.add(() -> hca.port.releaseQpn(qpn));
      MthcaTables tables = hca.tables();
      boolean datagrams = init.type() == QpType.UD;
      SendQueue sends =
          new SendQueue(
              label(qpn),
              init.maxSendWr(),
              init.maxSendSge(),
              init.maxInlineData(),
              datagrams,
              tables);
      undo.add(() -> sends.free(tables));
      RecvQueue receives =
          srq == null
              ? new RecvQueue(label(qpn), init.maxRecvWr(), init.maxRecvSge(), tables)
              : new RecvQueue(label(qpn), 1, 1, tables);
      undo.add(() -> receives.free(tables));
      MthcaQp qp =
          new MthcaQp(hca, pd, book, init.type(), qpn, sendCq, recvCq, srq, sends, receives);
      qp.open(undo);
      undo.forget();
      return qp;
    }
  }

  private static void checkLimits(MthcaHca hca, QpInitAttributes init) throws RdmaException {
    String device = hca.commands.device();
    Limits limits = hca.limits();
    Quota.checkLimit("maxSendWr on " + device, init.maxSendWr(), limits.maxQpWr());
    Quota.checkLimit("maxRecvWr on " + device, init.maxRecvWr(), limits.maxQpWr());
    Quota.checkLimit("maxSendSge on " + device, init.maxSendSge(), limits.maxSg());
    Quota.checkLimit("maxRecvSge on " + device, init.maxRecvSge(), limits.maxSg());
    Quota.checkInlineData(device, init.maxInlineData(), MthcaHca.MAX_INLINE);
  }

  private void open(Undo undo) throws RdmaException {
    pd.use(this);
    undo.add(() -> pd.unuse(this));
    sendCq.use(this);
    undo.add(() -> sendCq.unuse(this));
    recvCq.use(this);
    undo.add(() -> recvCq.unuse(this));
    if (srq != null) {
      srq.use(this);
      undo.add(() -> srq.unuse(this));
    }
    sends.assign(qpn);
    receives.assign(qpn);
    sends.reset(life);
    receives.reset(life);
    hca.qps.put(qpn, this);
    opened();
  }

  /** Whether an entry of this life of the queue pair is its own. */
  boolean lives(int entryLife) {
    return sends.isOf(entryLife);
  }

  SendQueue sends() {
    return sends;
  }

  RecvQueue receives() {
    return receives;
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
    return isClosed() || hca.isGone() ? QpState.ERR : state;
  }

  // Transitions.

  @Override
  public void modify(QpAttributes attributes) throws RdmaException {
    requireOpen();
    if (attributes.has(QpAttributes.MAX_QP_RD_ATOMIC)) {
      checkRdAtomic("maxRdAtomic", attributes.maxRdAtomic());
    }
    if (attributes.has(QpAttributes.MAX_DEST_RD_ATOMIC)) {
      checkRdAtomic("maxDestRdAtomic", attributes.maxDestRdAtomic());
    }
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      commands().call("modifying " + label(), () -> modifyNow(attributes, box));
    }
  }

  private void checkRdAtomic(String what, int value) throws RdmaException {
    int max = hca.limits().maxRdAtom();
    if (value < 0 || value > max) {
      throw new RdmaException(what + " " + value + " of " + label() + ": give 0 to " + max);
    }
  }

  /** On the agent, where nothing comes between the command and the state it leads to. */
  private boolean modifyNow(QpAttributes attributes, Mailboxes.Box box) throws RdmaException {
    QpState to = attributes.has(QpAttributes.STATE) ? attributes.state() : state;
    if (to == QpState.RESET) {
      if (attributes.mask() != QpAttributes.STATE) {
        throw new RdmaException(label() + " forgets all attributes in RESET: set STATE alone");
      }
      resetNow();
      return true;
    }
    int opcode = command(state, to);
    fill(box.segment(), attributes, to);
    hca.hcr.issue(opcode, box.address(), qpn, 0);
    state = to;
    if (to == QpState.ERR) {
      flushLatecomers();
    }
    return true;
  }

  private void resetNow() throws RdmaException {
    hca.hcr.issue(Command.TO_RST, 0, qpn, 0);
    state = QpState.RESET;
    life = hca.nextNumber();
    sends.reset(life);
    receives.reset(life);
  }

  private int command(QpState from, QpState to) throws RdmaException {
    if (to == QpState.ERR) {
      return Command.TO_ERR;
    }
    return switch (from) {
      case RESET -> transition(from, to, QpState.INIT, Command.RST2INIT, -1);
      case INIT -> transition(from, to, QpState.RTR, Command.INIT2RTR, Command.INIT2INIT);
      case RTR -> transition(from, to, QpState.RTS, Command.RTR2RTS, -1);
      case SQE -> transition(from, to, QpState.RTS, Command.SQERR2RTS, -1);
      case RTS -> transition(from, to, QpState.SQD, Command.RTS2SQD, Command.RTS2RTS);
      case SQD -> transition(from, to, QpState.RTS, Command.SQD2RTS, Command.SQD2SQD);
      case ERR -> transition(from, to, QpState.RESET, -1, -1);
    };
  }

  private int transition(QpState from, QpState to, QpState next, int forward, int stay)
      throws RdmaException {
    int opcode = to == next ? forward : to == from ? stay : -1;
    if (opcode < 0) {
      throw new RdmaException(
          label()
              + ": no transition from "
              + from
              + " to "
              + to
              + "; go on to "
              + next
              + ", or to ERR or RESET");
    }
    return opcode;
  }

  private void fill(MemorySegment box, QpAttributes attributes, QpState to) {
    QpContext.putAttributes(box, attributes);
    Be.put32(box, QpContext.OPT_PARAM_MASK, attributes.mask() | QpAttributes.STATE);
    int service =
        switch (type) {
          case RC -> QpContext.ST_RC;
          case UC -> QpContext.ST_UC;
          case UD -> QpContext.ST_UD;
        };
    Be.put32(box, QpContext.FLAGS, QpContext.flags(to, service));
    Be.put32(box, QpContext.PD, pd.number());
    Be.put32(box, QpContext.CQN_SEND, sendCq.cqn());
    Be.put32(box, QpContext.CQN_RECEIVE, recvCq.cqn());
    Be.put32(box, QpContext.LIFE, life);
    Be.put32(box, QpContext.SRQN, srq == null ? 0 : srq.number() + 1);
    Be.put32(box, QpContext.SQ_SHAPE, sends.shape());
    Be.put32(box, QpContext.RQ_SHAPE, receives.shape());
    Be.put32(box, QpContext.SQ_MTT, sends.buffer.firstTranslation());
    Be.put32(box, QpContext.RQ_MTT, receives.buffer.firstTranslation());
    Be.put32(box, QpContext.SQ_RECORD, sends.record.index());
    Be.put32(box, QpContext.SQ_DONE_RECORD, sends.doneRecord().index());
    Be.put32(box, QpContext.RQ_RECORD, receives.record.index());
  }

  /** The hardware put the queue pair into error. Agent thread. */
  void onError() {
    if (state != QpState.RESET) {
      state = QpState.ERR;
      flushLatecomers();
    }
  }

  /** The hardware put the send queue into error. Agent thread. */
  void onSqError() {
    if (state == QpState.RTS || state == QpState.SQD) {
      state = QpState.SQE;
    }
  }

  /**
   * Whoever posts a receive rings the doorbell only if he sees the error. Who posted without seeing
   * it, did so before this.
   */
  private void flushLatecomers() {
    VarHandle.fullFence();
    ring(RegisterSpace.RECEIVE_DOORBELL);
  }

  @Override
  public QpAttributes query() {
    QpState now = state();
    if (now == QpState.RESET || isClosed() || hca.isGone()) {
      return new QpAttributes().state(now);
    }
    try (Mailboxes.Box box = hca.mailboxes.take()) {
      hca.hcr.execute(Command.QUERY_QP, 0, qpn, box.address());
      return QpContext.attributes(box.segment());
    } catch (RdmaException e) {
      // The device or the queue pair went while we asked.
      return new QpAttributes().state(QpState.ERR);
    }
  }

  // Posting.

  @Override
  public PostResult postSend(SendWr request) {
    sends.checkSges(request.sges());
    check.check(request);
    sends.gate.enter();
    try {
      PostResult refusal = refuse(QpState.RTS);
      if (refusal != null) {
        return refusal;
      }
      if (!sends.post(request)) {
        return PostResult.QUEUE_FULL;
      }
    } finally {
      sends.gate.leave();
    }
    ring(RegisterSpace.SEND_DOORBELL);
    return PostResult.OK;
  }

  @Override
  public PostResult postRecv(RecvWr request) {
    if (srq != null) {
      return PostResult.BAD_STATE;
    }
    receives.checkSges(request.sges());
    receives.gate.enter();
    try {
      PostResult refusal = refuse(QpState.INIT);
      if (refusal != null) {
        return refusal;
      }
      if (!receives.post(request)) {
        return PostResult.QUEUE_FULL;
      }
    } finally {
      receives.gate.leave();
    }
    // The hardware reads the record when a message comes. Only in error it has no reason to.
    VarHandle.fullFence();
    if (state == QpState.ERR) {
      ring(RegisterSpace.RECEIVE_DOORBELL);
    }
    return PostResult.OK;
  }

  private @Nullable PostResult refuse(QpState first) {
    if (hca.isGone()) {
      return PostResult.WITHDRAWN;
    }
    return isClosed() || state.compareTo(first) < 0 ? PostResult.BAD_STATE : null;
  }

  @Override
  public void attachMcast(InetAddress group) throws RdmaException {
    requireOpen();
    requireDatagrams(group);
    hca.resources().groups().attach(qpn, group);
  }

  @Override
  public void detachMcast(InetAddress group) throws RdmaException {
    requireOpen();
    requireDatagrams(group);
    hca.resources().groups().detach(qpn, group);
  }

  private void requireDatagrams(InetAddress group) throws RdmaException {
    if (type != QpType.UD) {
      throw new NotSupportedException(
          label() + " is of type " + type + ": only UD queue pairs are in groups like " + group);
    }
    if (!group.isMulticastAddress()) {
      throw new RdmaException(
          label() + ": " + group + " is no group: give one of 224.0.0.0/4 or ff00::/8");
    }
  }

  private void ring(int register) {
    hca.registers.ring(register, (long) qpn << 8);
  }

  // The end.

  /** Waits until no thread is inside that came before the end was said. */
  boolean isUnused() {
    return sends.gate.awaitEmpty() && receives.gate.awaitEmpty();
  }

  @Override
  protected void destroy() throws RdmaException {
    if (type == QpType.UD) {
      hca.resources().groups().detachAll(qpn);
    }
    commands()
        .call(
            "destroying " + label(),
            () -> {
              hca.hcr.issue(Command.TO_RST, 0, qpn, 0);
              hca.qps.remove(qpn);
              return true;
            });
    sends.free(hca.tables());
    receives.free(hca.tables());
    hca.port.releaseQpn(qpn);
  }

  @Override
  protected void release() {
    if (srq != null) {
      srq.unuse(this);
    }
    recvCq.unuse(this);
    sendCq.unuse(this);
    pd.unuse(this);
    hca.resources().qps().give();
  }
}
