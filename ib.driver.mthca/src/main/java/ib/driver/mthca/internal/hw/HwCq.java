// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.Syndrome;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A completion queue. Agent thread only, except {@link #arm}.
 *
 * <p>No wake-up is lost: the chip writes an entry and then looks whether the queue is armed; the
 * driver arms and then looks for entries; with a full fence on both sides at least one sees the
 * other.
 */
final class HwCq {
  private final InfiniHost chip;
  private final int cqn;
  private final HwRing ring;
  private final HostMemory memory;
  private final long consumerRecord;
  private final long armRecord;
  private final AtomicBoolean armed = new AtomicBoolean();
  private int producer;
  private int consumer;
  private boolean failed;

  HwCq(InfiniHost chip, int cqn, HwRing ring, long consumerRecord, long armRecord) {
    this.chip = chip;
    this.cqn = cqn;
    this.ring = ring;
    this.consumerRecord = consumerRecord;
    this.armRecord = armRecord;
    memory = new HostMemory(chip.bus());
  }

  int cqn() {
    return cqn;
  }

  /** Doorbell: an event is wanted for the next entry. Any thread. */
  void arm() {
    armed.set(true);
  }

  /** Adds an entry of a success. */
  void add(
      HwQp qp,
      int wqeOffset,
      WcOpcode opcode,
      int bytes,
      int flags,
      int immediateOrKey,
      int remoteQpn) {
    if (!begin(qp, wqeOffset)) {
      return;
    }
    memory.put32(Cqe.REMOTE_QPN, remoteQpn);
    memory.put32(Cqe.IMMEDIATE, immediateOrKey);
    memory.put32(Cqe.BYTE_COUNT, bytes);
    end(Cqe.last(opcode, flags));
  }

  /** Adds an error entry. */
  void addError(HwQp qp, int wqeOffset, boolean send, WcStatus status) {
    if (begin(qp, wqeOffset)) {
      memory.put32(Cqe.SYNDROME, Syndrome.of(status) << 24);
      memory.put32(Cqe.BYTE_COUNT, 0);
      end(Cqe.lastOfError(send));
    }
  }

  private boolean begin(HwQp qp, int wqeOffset) {
    if (failed || chip.isDead()) {
      return false;
    }
    if (producer - consumer == ring.entries() && !hasRoom()) {
      return fail();
    }
    if (!memory.open(ring.address(producer), Cqe.BYTES, DmaAccess.WRITE)) {
      return fail();
    }
    memory.put32(Cqe.QPN, qp.qpn());
    memory.put32(Cqe.LIFE, qp.life());
    memory.put32(Cqe.WQE, wqeOffset);
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

  private void end(int last) {
    memory.release32(Cqe.LAST, last);
    producer++;
    VarHandle.fullFence();
    if (armed.get() && armed.compareAndSet(true, false) && isArmedInMemory()) {
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
