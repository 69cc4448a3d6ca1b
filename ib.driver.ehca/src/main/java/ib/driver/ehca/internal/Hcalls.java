// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal;

import ib.dma.DmaCoherent;
import ib.driver.ehca.internal.firmware.Hypervisor;
import ib.driver.ehca.internal.format.ErrorBlock;
import ib.driver.ehca.internal.format.Hcall;
import ib.driver.ehca.internal.format.HcallResult;
import ib.driver.ehca.internal.format.HcallStatus;
import ib.transport.hca.BoundException;
import ib.transport.hca.HcaCommands;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * How the driver makes hypercalls: on the agent, with the parameter block in coherent memory that
 * belongs to the agent, and again after the hinted time when the hypervisor is busy.
 */
final class Hcalls {
  /** A hypercall is tried this often. */
  private static final int ATTEMPTS = 20;

  /** No single pause is longer, whatever the hint. */
  private static final long MOST_PAUSE_MS = 100;

  private final HcaCommands commands;
  private final Hypervisor hypervisor;
  private final DmaCoherent block;

  Hcalls(HcaCommands commands, Hypervisor hypervisor, DmaCoherent block) {
    this.commands = commands;
    this.hypervisor = hypervisor;
    this.block = block;
  }

  /**
   * Runs steps on the agent, and again from the beginning if one of their hypercalls was answered
   * "long busy".
   *
   * @param what for messages
   * @param steps may be run several times
   */
  <T extends @Nullable Object> T run(String what, Callable<T> steps) throws RdmaException {
    for (int attempt = 1; ; attempt++) {
      try {
        return commands.call(what, steps);
      } catch (LongBusyException e) {
        if (attempt == ATTEMPTS) {
          throw new RdmaException(
              what + " of " + commands.device() + ": the hypervisor stayed busy; try again", e);
        }
        pause(e.waitMs());
      }
    }
  }

  /** One hypercall of {@link #run}. */
  HcallResult run(String what, Hcall call, long... arguments) throws RdmaException {
    return run(what, () -> call(call, arguments));
  }

  /** Frees what was only half made. A device that is gone has freed it already. */
  void free(String what, long handle) {
    try {
      run("freeing " + what, Hcall.H_FREE_RESOURCE, handle);
    } catch (RdmaException e) {
      return;
    }
  }

  /** The agent never sleeps: it comes back at once. */
  private void pause(long waitMs) {
    if (commands.agent().inAgent()) {
      return;
    }
    try {
      Thread.sleep(Math.min(waitMs, MOST_PAUSE_MS));
    } catch (InterruptedException e) {
      // Kept for later: the few pauses that are left are short.
      Thread.currentThread().interrupt();
    }
  }

  /** A hypercall within steps, on the agent. */
  HcallResult call(Hcall call, long... arguments) throws RdmaException {
    HcallResult result = hypervisor.hcall(call, arguments);
    int status = result.status();
    if (status == HcallStatus.H_BUSY || HcallStatus.isLongBusy(status)) {
      throw new LongBusyException(
          call + ": " + HcallStatus.name(status),
          status == HcallStatus.H_BUSY ? 0 : HcallStatus.waitMs(status));
    }
    if (status == HcallStatus.H_R_STATE) {
      throw new BoundException(
          commands.device() + ": " + call + " gave " + HcallStatus.name(status) + why(0));
    }
    if (status < 0) {
      throw new RdmaException(
          commands.device() + ": " + call + " gave " + HcallStatus.name(status) + why(0));
    }
    return result;
  }

  /** What the hypervisor says of the last refusal (handle 0) or of a queue pair. On the agent. */
  String why(long handle) {
    HcallResult asked = hypervisor.hcall(Hcall.H_ERROR_DATA, handle, block.dmaAddress());
    return asked.status() == HcallStatus.H_SUCCESS
        ? ": " + ErrorBlock.read(block.memory().segment())
        : "";
  }

  /** The parameter block; touched on the agent only. */
  MemorySegment block() {
    return block.memory().segment();
  }

  /** DMA address of the parameter block. */
  long blockAddress() {
    return block.dmaAddress();
  }

  Hypervisor hypervisor() {
    return hypervisor;
  }
}
