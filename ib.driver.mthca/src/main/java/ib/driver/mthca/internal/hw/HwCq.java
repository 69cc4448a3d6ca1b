// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.Syndrome;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A completion queue. Agent thread only, except {@link #arm}.
 *
 * <p>No wake-up is lost: the chip writes an entry and then looks whether the queue is armed; the
 * driver arms and then looks for entries; with a full fence on both sides at least one sees the
 * other.
 */
final class HwCq {
  private static final int NOT_ARMED = 0;
  private static final int FOR_SOLICITED = 1;
  private static final int FOR_ALL = 2;

  private final InfiniHost chip;
  private final int cqn;
  private HwRing ring;
  private final BusView memory;
  private final long consumerRecord;
  private final long armRecord;
  private final AtomicInteger armed = new AtomicInteger();
  private int producer;
  private int consumer;
  private boolean failed;

  HwCq(InfiniHost chip, int cqn, HwRing ring, long consumerRecord, long armRecord) {
    this.chip = chip;
    this.cqn = cqn;
    this.ring = ring;
    this.consumerRecord = consumerRecord;
    this.armRecord = armRecord;
    memory = new BusView(chip.bus());
  }

  int cqn() {
    return cqn;
  }

  /**
   * Doorbell: an event is wanted for the next entry, or the next that is solicited or an error. Any
   * thread.
   */
  void arm(boolean solicitedOnly) {
    if (solicitedOnly) {
      armed.compareAndSet(NOT_ARMED, FOR_SOLICITED);
    } else {
      armed.set(FOR_ALL);
    }
  }

  /**
   * Goes on in another ring; entries that were written stay where they are.
   *
   * @return position of the first entry that is written there
   */
  int resize(HwRing wanted) throws CommandFault {
    if (!memory.open(consumerRecord, Db.BYTES, DmaAccess.READ)) {
      throw new CommandFault(CommandStatus.INTERNAL_ERR, "the consumer record can't be read");
    }
    consumer = memory.acquire32(Db.COUNTER);
    int waiting = producer - consumer;
    if (waiting < 0 || waiting > wanted.entries()) {
      throw new CommandFault(
          CommandStatus.EXCEED_LIM,
          waiting + " entries wait, " + wanted.entries() + " would fit; poll first");
    }
    ring = wanted;
    return producer;
  }

  /** Adds an entry of a success. */
  void add(
      HwQp qp,
      int wqeOffset,
      WcOpcode opcode,
      int bytes,
      int flags,
      int immediateOrKey,
      int remoteQpn,
      boolean solicited) {
    boolean receive = opcode == WcOpcode.RECV || opcode == WcOpcode.RECV_RDMA_WITH_IMM;
    if (!begin(qp, wqeOffset, receive)) {
      return;
    }
    memory.put32(Cqe.REMOTE_QPN, remoteQpn);
    memory.put32(Cqe.IMMEDIATE, immediateOrKey);
    memory.put32(Cqe.BYTE_COUNT, bytes);
    end(Cqe.last(opcode, flags), solicited);
  }

  /** Adds an error entry. */
  void addError(HwQp qp, int wqeOffset, boolean send, WcStatus status) {
    if (begin(qp, wqeOffset, !send)) {
      memory.put32(Cqe.SYNDROME, Syndrome.of(status) << 24);
      memory.put32(Cqe.BYTE_COUNT, 0);
      end(Cqe.lastOfError(send), true);
    }
  }

  private boolean begin(HwQp qp, int wqeOffset, boolean receive) {
    if (failed || chip.isDead()) {
      return false;
    }
    if (producer - consumer >= ring.entries() && !hasRoom()) {
      return fail();
    }
    if (!memory.open(ring.address(producer), Cqe.BYTES, DmaAccess.WRITE)) {
      return fail();
    }
    memory.put32(Cqe.QPN, qp.qpn());
    memory.put32(Cqe.LIFE, qp.life());
    memory.put32(Cqe.WQE, wqeOffset);
    memory.put32(Cqe.SRQN, receive ? qp.srqTag() : 0);
    return true;
  }

  /** Reads how far software has come. */
  private boolean hasRoom() {
    if (!memory.open(consumerRecord, Db.BYTES, DmaAccess.READ)) {
      return false;
    }
    consumer = memory.acquire32(Db.COUNTER);
    int used = producer - consumer;
    return used >= 0 && used < ring.entries();
  }

  private void end(int last, boolean solicited) {
    memory.release32(Cqe.LAST, last);
    producer++;
    VarHandle.fullFence();
    int least = solicited ? FOR_SOLICITED : FOR_ALL;
    int now = armed.get();
    while (now >= least && !armed.compareAndSet(now, NOT_ARMED)) {
      now = armed.get();
    }
    if (now >= least && isArmedInMemory()) {
      chip.event(Eqe.COMPLETION, cqn);
    }
  }

  /**
   * The record is written before the register: one that names something else is a broken driver.
   */
  private boolean isArmedInMemory() {
    return memory.open(armRecord, Db.BYTES, DmaAccess.READ)
        && memory.get32(Db.OWNER) == Db.owner(cqn, Db.CQ_ARM);
  }

  /**
   * Entries are never overwritten: the queue fails, and with it the queue pairs that report to it.
   */
  private boolean fail() {
    failed = true;
    chip.event(Eqe.CQ_ERROR, cqn);
    chip.failQueuePairsOf(this);
    return false;
  }
}
