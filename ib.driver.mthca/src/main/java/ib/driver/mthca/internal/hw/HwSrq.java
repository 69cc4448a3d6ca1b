// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.SrqContext;
import ib.driver.mthca.internal.prm.Wqe;
import ib.transport.RecvWqe;

/**
 * A shared receive queue of the chip: follows the links of the entries from one to the next, as
 * many as the doorbell record says. Agent thread only.
 */
final class HwSrq {
  private static final int NONE = -1;

  private final InfiniHost chip;
  private final int srqn;
  private final int life;
  private final HwRing ring;
  private final long record;
  private final BusView memory;
  private final WqeReader reader;
  private int taken;

  /** Slot of the entry that is taken next. */
  private int current;

  /** Entries that queue pairs took for nothing. */
  private final int[] returned;

  private int returnedCount;
  private int limit;
  private boolean failed;

  HwSrq(InfiniHost chip, int srqn, int life, HwRing ring, long record) {
    this.chip = chip;
    this.srqn = srqn;
    this.life = life;
    this.ring = ring;
    this.record = record;
    memory = new BusView(chip.bus());
    reader = new WqeReader(memory);
    returned = new int[ring.entries()];
  }

  int srqn() {
    return srqn;
  }

  /** What completions carry. */
  int tag() {
    return Cqe.srqTag(srqn, life);
  }

  int limit() {
    return limit;
  }

  void arm(int newLimit) {
    limit = newLimit;
  }

  /** Offset of an entry in its ring. */
  int offset(int slot) {
    return ring.offset(slot);
  }

  /** Takes the next entry; its slot is the cookie. */
  boolean next(RecvWqe into) {
    if (failed || chip.isDead()) {
      return false;
    }
    int slot = returnedCount > 0 ? returned[--returnedCount] : follow();
    if (slot == NONE) {
      return false;
    }
    reader.readReceive(ring, slot, into);
    if (limit > 0 && returnedCount + waiting() < limit) {
      limit = 0;
      chip.event(Eqe.SRQ_LIMIT, srqn);
    }
    return true;
  }

  private int follow() {
    if (waiting() == 0) {
      return NONE;
    }
    int slot = current;
    if (!memory.open(ring.address(slot), Wqe.NEXT_BYTES, DmaAccess.READ)) {
      return fail();
    }
    int link = memory.get32(Wqe.NDA_OP);
    if ((link & SrqContext.LINK_VALID) == 0) {
      return fail();
    }
    current = ring.slot(link & ~SrqContext.LINK_VALID);
    taken++;
    return slot;
  }

  /** Entries that were posted and not taken, by the doorbell record. */
  private int waiting() {
    if (!memory.open(record, Db.BYTES, DmaAccess.READ)) {
      fail();
      return 0;
    }
    int waiting = memory.acquire32(Db.COUNTER) - taken;
    if (waiting < 0 || waiting > ring.entries()) {
      fail();
      return 0;
    }
    return waiting;
  }

  private int fail() {
    if (!failed) {
      failed = true;
      chip.event(Eqe.SRQ_CATAS_ERROR, srqn);
    }
    return NONE;
  }

  /** A queue pair took an entry and was reset or ended: the entry is the next one again. */
  void giveBack(int slot) {
    returned[returnedCount++] = slot;
  }
}
