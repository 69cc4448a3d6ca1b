// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Eqe;

/** The event queue: entries in host memory, and one interrupt for each time it is armed. */
final class HwEq {
  private final InfiniHost chip;
  private final HwRing ring;
  private final BusView memory;
  private int producer;
  private int consumer;
  private boolean armed = true;

  HwEq(InfiniHost chip, HwRing ring) {
    this.chip = chip;
    this.ring = ring;
    memory = new BusView(chip.bus());
  }

  void post(int type, int number) {
    if (producer - consumer == ring.entries()) {
      chip.fatal("event queue overrun");
      return;
    }
    if (!memory.open(ring.address(producer), Eqe.BYTES, DmaAccess.WRITE)) {
      chip.fatal("event queue can't be written");
      return;
    }
    memory.put32(Eqe.TYPE, type << Eqe.TYPE_SHIFT);
    memory.put32(Eqe.NUMBER, number);
    memory.release32(Eqe.LAST, 0);
    producer++;
    interruptIfArmed();
  }

  /** Doorbell: software has consumed up to here, and wants an interrupt for what comes. */
  void arm(int consumerIndex) {
    consumer = consumerIndex;
    armed = true;
    interruptIfArmed();
  }

  private void interruptIfArmed() {
    if (armed && producer != consumer) {
      armed = false;
      chip.raiseInterrupt();
    }
  }
}
