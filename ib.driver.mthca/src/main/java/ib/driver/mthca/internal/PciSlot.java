// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaBus;
import ib.driver.mthca.internal.hw.HcaLimits;
import ib.driver.mthca.internal.hw.InfiniHost;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.transport.RdmaPort;
import ib.transport.hca.Doorbell;
import ib.transport.hca.DoorbellBank;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where the chip is plugged in: the only place that knows both halves. The driver gets registers
 * and an interrupt from it, nothing else.
 */
final class PciSlot {
  private final RegisterSpace registers = new RegisterSpace();
  private final DoorbellBank doorbells;
  private final InfiniHost chip;
  private @Nullable Doorbell interrupt;

  PciSlot(RdmaPort port, DmaBus bus, HcaLimits limits) {
    doorbells = new DoorbellBank(port.agent());
    chip = new InfiniHost(port, bus, registers, limits, doorbells);
  }

  RegisterSpace registers() {
    return registers;
  }

  /** Begins to carry doorbells. */
  void open(Duration timeout) {
    doorbells.open(timeout);
  }

  /** Ends it. */
  void close(Duration timeout) {
    doorbells.close(timeout);
  }

  /** Wires the interrupt line to its handler. Agent thread, where the handler runs. */
  void connectInterrupt(Runnable handler) {
    Doorbell line = doorbells.add(handler);
    interrupt = line;
    chip.connectInterrupt(line);
  }

  /** Cuts the line; a last interrupt may still come. Agent thread. */
  void disconnectInterrupt() {
    if (interrupt != null) {
      doorbells.remove(interrupt);
      interrupt = null;
    }
  }
}
