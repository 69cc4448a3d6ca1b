// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.transport.hca.BoundException;
import ib.transport.hca.HcaCommands;
import ib.verbs.RdmaException;

/**
 * Commands through the command register. The registers are written on the agent thread, which
 * executes commands: so there is one at a time, no lock is held while one runs, and who holds the
 * agent already waits for nobody. Thread-safe.
 */
final class Hcr {
  private final HcaCommands commands;
  private final RegisterSpace registers;

  Hcr(HcaCommands commands, RegisterSpace registers) {
    this.commands = commands;
    this.registers = registers;
  }

  /**
   * Executes a command and waits for its end.
   *
   * @param opcode of {@link Command}
   * @param in in parameter, or bus address of the in mailbox
   * @param modifier in modifier
   * @param out bus address of the out mailbox, or 0
   * @return out parameter
   * @throws RdmaException if it is refused, naming command, status and reason, or the hardware does
   *     not answer
   */
  long execute(int opcode, long in, int modifier, long out) throws RdmaException {
    return commands.call(Command.name(opcode), () -> issue(opcode, in, modifier, out));
  }

  /** As {@link #execute}, on the agent thread, also while the device closes. */
  long issue(int opcode, long in, int modifier, long out) throws RdmaException {
    registers.write64(RegisterSpace.HCR_IN_PARAM, in);
    registers.write32(RegisterSpace.HCR_IN_MODIFIER, modifier);
    registers.write64(RegisterSpace.HCR_OUT_PARAM, out);
    registers.write32(RegisterSpace.HCR_TOKEN, RegisterSpace.POLL_TOKEN << 16);
    registers.write32(RegisterSpace.HCR_STATUS, RegisterSpace.GO | opcode);
    int word = registers.read32(RegisterSpace.HCR_STATUS);
    if ((word & RegisterSpace.GO) != 0) {
      throw new RdmaException(
          Command.name(opcode) + " of " + commands.device() + ": no hardware answers");
    }
    int status = word >>> RegisterSpace.STATUS_SHIFT;
    if (status != CommandStatus.OK) {
      String message =
          Command.name(opcode)
              + " of "
              + commands.device()
              + ": "
              + CommandStatus.name(status)
              + ", "
              + registers.readText(RegisterSpace.DIAGNOSTICS);
      throw status == CommandStatus.REG_BOUND
          ? new BoundException(message + "; close them first")
          : new RdmaException(message);
    }
    return registers.read64(RegisterSpace.HCR_OUT_PARAM);
  }
}
