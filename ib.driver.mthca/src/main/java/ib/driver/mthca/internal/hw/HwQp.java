// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.BusWindow;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.Mpt;
import ib.transport.MemoryStatus;
import ib.transport.PortQp;
import ib.transport.QpBackend;
import ib.transport.RecvWqe;
import ib.transport.RemoteRange;
import ib.transport.SendWqe;
import ib.transport.hca.Doorbell;
import ib.verbs.AccessFlags;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A queue pair of the chip, from RST2INIT to ERR2RST: takes entries out of host memory for the
 * transport engine, checks keys, writes completions. Agent thread only, except {@link #ring}.
 */
final class HwQp implements QpBackend {
  /**
   * Where the driver put things.
   *
   * @param sends ring of the send queue
   * @param receives ring of the receive queue
   * @param sendRecord bus address of the send queue's doorbell record
   * @param doneRecord bus address of the record of sends done without completion
   * @param receiveRecord bus address of the receive queue's doorbell record
   */
  record Queues(
      HwRing sends, HwRing receives, long sendRecord, long doneRecord, long receiveRecord) {}

  private static final int NONE = -1;

  private final InfiniHost chip;
  private final int qpn;
  private final int pd;
  private final int life;
  private final Queues queues;
  private final HwCq sendCq;
  private final HwCq receiveCq;
  private final @Nullable HwSrq srq;

  /** Slot of the shared receive queue that the engine has and will complete. */
  private int heldSlot = NONE;

  private final BusView memory;
  private final WqeReader reader;
  private int sendsPosted;
  private int sendsTaken;
  private int receivesPosted;
  private int receivesTaken;
  private boolean broken;
  private @Nullable PortQp transport;
  private @Nullable Doorbell doorbell;
  private @Nullable Doorbell failure;

  HwQp(
      InfiniHost chip,
      int qpn,
      int pd,
      int life,
      Queues queues,
      HwCq sendCq,
      HwCq receiveCq,
      @Nullable HwSrq srq) {
    this.chip = chip;
    this.qpn = qpn;
    this.pd = pd;
    this.life = life;
    this.queues = queues;
    this.sendCq = sendCq;
    this.receiveCq = receiveCq;
    this.srq = srq;
    memory = new BusView(chip.bus());
    reader = new WqeReader(memory);
  }

  int qpn() {
    return qpn;
  }

  int pd() {
    return pd;
  }

  int life() {
    return life;
  }

  /** Number of the shared receive queue, or -1. */
  int srqn() {
    return srq == null ? NONE : srq.srqn();
  }

  /** What completions of the shared receive queue carry, or 0. */
  int srqTag() {
    return srq == null ? 0 : srq.tag();
  }

  PortQp transport() {
    return Objects.requireNonNull(transport);
  }

  boolean reportsTo(HwCq cq) {
    return sendCq.equals(cq) || receiveCq.equals(cq);
  }

  void start(PortQp made) {
    transport = made;
    doorbell =
        chip.doorbells()
            .add(
                () -> {
                  made.kickSend();
                  made.kickReceive();
                });
    failure = chip.doorbells().add(this::fail);
  }

  void stop() {
    if (transport != null) {
      transport.destroy();
    }
    if (srq != null && heldSlot != NONE) {
      srq.giveBack(heldSlot);
      heldSlot = NONE;
    }
    if (doorbell != null) {
      chip.doorbells().remove(doorbell);
    }
    if (failure != null) {
      chip.doorbells().remove(failure);
    }
  }

  /** A doorbell register was written. Any thread: the queue pair is published after its start. */
  void ring() {
    Doorbell bell = doorbell;
    if (bell != null) {
      bell.ring();
    }
  }

  void modify(QpAttributes attributes) throws RdmaException {
    if (transport != null) {
      transport.modify(attributes);
    }
  }

  QpAttributes query() {
    return transport == null ? new QpAttributes() : transport.query();
  }

  /** Puts the queue pair into error outside of the engine's call. */
  void failLater() {
    if (failure != null) {
      failure.ring();
    }
  }

  private void fail() {
    PortQp at = transport;
    if (at == null || !chip.has(this) || at.state() == QpState.ERR) {
      return;
    }
    try {
      at.modify(new QpAttributes().state(QpState.ERR));
    } catch (RdmaException e) {
      chip.fatal(
          "qp 0x" + Integer.toHexString(qpn) + " can't be put into error: " + e.getMessage());
    }
    chip.event(Eqe.WQ_CATAS_ERROR, qpn);
  }

  // The engine's side.

  @Override
  public boolean nextSend(SendWqe into) {
    if (sendsTaken == sendsPosted) {
      sendsPosted = posted(queues.sendRecord(), sendsPosted);
    }
    if (sendsTaken == sendsPosted || chip.isDead()) {
      return false;
    }
    int waiting = sendsPosted - sendsTaken;
    int position = sendsTaken++;
    if (waiting < 0 || waiting > queues.sends().entries()) {
      broken = true;
      sendsPosted = sendsTaken;
      into.begin(Integer.toUnsignedLong(position), WrOpcode.SEND);
      into.setMalformed();
      return true;
    }
    reader.readSend(queues.sends(), position, type(), into);
    return true;
  }

  private QpType type() {
    return transport == null ? QpType.RC : transport.type();
  }

  @Override
  public boolean nextReceive(RecvWqe into) {
    if (srq != null) {
      boolean taken = srq.next(into);
      heldSlot = taken ? (int) into.cookie() : NONE;
      return taken;
    }
    if (receivesTaken == receivesPosted) {
      receivesPosted = posted(queues.receiveRecord(), receivesPosted);
    }
    int waiting = receivesPosted - receivesTaken;
    if (waiting == 0 || chip.isDead()) {
      return false;
    }
    if (waiting < 0 || waiting > queues.receives().entries()) {
      broken = true;
      receivesPosted = receivesTaken;
      failLater();
      return false;
    }
    reader.readReceive(queues.receives(), receivesTaken++, into);
    return true;
  }

  /** Reads a doorbell record; a counter that was wrong once is not believed again. */
  private int posted(long record, int known) {
    if (broken || chip.isDead()) {
      return known;
    }
    if (!memory.open(record, Db.BYTES, DmaAccess.READ)) {
      chip.fatal("doorbell record of qp 0x" + Integer.toHexString(qpn) + " can't be read");
      return known;
    }
    return memory.acquire32(Db.COUNTER);
  }

  @Override
  public MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window) {
    int right = write ? Mpt.LOCAL_WRITE : Mpt.LOCAL_READ;
    DmaAccess way = write ? DmaAccess.WRITE : DmaAccess.READ;
    return chip.tpt().resolve(lkey, pd, right, address, lengthBytes, way, window);
  }

  @Override
  public MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, int need, BusWindow window) {
    int right = Mpt.remote(need);
    if ((need & AccessFlags.REMOTE_ATOMIC) != 0) {
      // It reads, too.
      DmaAccess reads = DmaAccess.READ;
      MemoryStatus status =
          chip.tpt().resolveRemote(rkey, this, right, address, lengthBytes, reads, window);
      if (status != MemoryStatus.OK) {
        return status;
      }
    }
    DmaAccess way = QpBackend.writes(need) ? DmaAccess.WRITE : DmaAccess.READ;
    return chip.tpt().resolveRemote(rkey, this, right, address, lengthBytes, way, window);
  }

  @Override
  public MemoryStatus remoteRange(int rkey, int need, RemoteRange into) {
    return chip.tpt().range(rkey, this, Mpt.remote(need), into);
  }

  @Override
  public boolean executeLocal(SendWqe entry) {
    return chip.tpt().requests().execute(entry, pd, qpn, life);
  }

  @Override
  public boolean invalidateRemote(int rkey) {
    return chip.tpt().requests().invalidate(rkey, pd, qpn, life);
  }

  @Override
  public void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes) {
    int position = (int) cookie;
    int wqe = queues.sends().offset(position);
    if (status != WcStatus.SUCCESS) {
      sendCq.addError(this, wqe, true, status);
    } else if (signaled) {
      sendCq.add(this, wqe, opcode, lengthBytes, 0, 0, 0, false);
    } else if (memory.open(queues.doneRecord(), Db.BYTES, DmaAccess.WRITE)) {
      memory.release32(Db.COUNTER, position + 1);
    } else {
      chip.fatal("done record of qp 0x" + Integer.toHexString(qpn) + " can't be written");
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
    heldSlot = NONE;
    int wqe = srq == null ? queues.receives().offset((int) cookie) : srq.offset((int) cookie);
    if (status != WcStatus.SUCCESS) {
      receiveCq.addError(this, wqe, false, status);
    } else {
      receiveCq.add(this, wqe, opcode, lengthBytes, flags, immediateOrKey, srcQpn, solicited);
    }
  }

  @Override
  public boolean sharesReceives() {
    return srq != null;
  }

  @Override
  public void onLastWqe() {
    chip.event(Eqe.SRQ_QP_LAST_WQE, qpn);
  }

  @Override
  public void onCommEst() {
    chip.event(Eqe.COMM_EST, qpn);
  }

  @Override
  public void onSqDrained() {
    chip.event(Eqe.SQ_DRAINED, qpn);
  }

  @Override
  public void onSqe(String cause) {
    chip.event(Eqe.SQ_ERROR, qpn);
  }

  @Override
  public void onFatal(String cause) {
    chip.event(Eqe.WQ_CATAS_ERROR, qpn);
  }
}
