// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusAccessor;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.Mailbox;
import ib.driver.mthca.internal.prm.RegisterSpace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Executes what is in the command register. Agent thread only. */
final class CommandUnit {
  private final InfiniHost chip;
  private final BusAccessor access;
  private final FirmwareCommands firmware;
  private final ResourceCommands resources;
  private final QpCommands qps;

  /** Bytes of the mailbox inside the chip. */
  // Native, as all that the same accesses meet on the data path.
  private final MemorySegment box = Arena.ofAuto().allocate(Mailbox.BYTES, 8);

  CommandUnit(InfiniHost chip) {
    this.chip = chip;
    access = new BusAccessor(chip.bus());
    firmware = new FirmwareCommands(chip);
    resources = new ResourceCommands(chip);
    qps = new QpCommands(chip);
  }

  void execute(RegisterSpace registers) {
    int word = registers.read32(RegisterSpace.HCR_STATUS);
    int opcode = word & RegisterSpace.OPCODE_MASK;
    int status = CommandStatus.OK;
    registers.setText(RegisterSpace.DIAGNOSTICS, "");
    try {
      long in = registers.read64(RegisterSpace.HCR_IN_PARAM);
      long out = registers.read64(RegisterSpace.HCR_OUT_PARAM);
      int modifier = registers.read32(RegisterSpace.HCR_IN_MODIFIER);
      long answer = execute(opcode, in, modifier, out);
      registers.set32(RegisterSpace.HCR_OUT_PARAM, (int) (answer >>> 32));
      registers.set32(RegisterSpace.HCR_OUT_PARAM + 4, (int) answer);
    } catch (CommandFault e) {
      status = e.status();
      registers.setText(RegisterSpace.DIAGNOSTICS, e.why());
    }
    int done = word & ~RegisterSpace.GO & ((1 << RegisterSpace.STATUS_SHIFT) - 1);
    registers.set32(RegisterSpace.HCR_STATUS, (status << RegisterSpace.STATUS_SHIFT) | done);
  }

  private long execute(int opcode, long in, int modifier, long out) throws CommandFault {
    if (chip.isDead() && !isClosing(opcode)) {
      throw new CommandFault(CommandStatus.INTERNAL_ERR, "the hardware has failed");
    }
    return switch (opcode) {
      case Command.QUERY_FW -> {
        firmware.queryFw(box);
        yield writeMailbox(out);
      }
      case Command.QUERY_DEV_LIM -> {
        firmware.queryDevLim(box);
        yield writeMailbox(out);
      }
      case Command.QUERY_QP -> {
        qps.query(modifier, box);
        yield writeMailbox(out);
      }
      case Command.SET_ICM_SIZE -> firmware.setIcmSize(in);
      case Command.MAP_FA, Command.MAP_ICM_AUX, Command.MAP_ICM, Command.INIT_HCA -> {
        readMailbox(in);
        yield firmware.map(opcode, modifier, box);
      }
      case Command.UNMAP_FA,
          Command.UNMAP_ICM_AUX,
          Command.UNMAP_ICM,
          Command.RUN_FW,
          Command.INIT_IB,
          Command.CLOSE_IB,
          Command.CLOSE_HCA ->
          firmware.run(opcode, in, modifier);
      case Command.QUERY_SRQ -> {
        resources.querySrq(modifier, box);
        yield writeMailbox(out);
      }
      case Command.ARM_SRQ -> resources.armSrq(modifier, in);
      case Command.SW2HW_MPT,
          Command.WRITE_MTT,
          Command.SW2HW_EQ,
          Command.SW2HW_CQ,
          Command.RESIZE_CQ,
          Command.SW2HW_SRQ,
          Command.WRITE_MGM -> {
        firmware.requireStarted();
        readMailbox(in);
        yield resources.give(opcode, modifier, box);
      }
      case Command.HW2SW_MPT,
          Command.MAP_EQ,
          Command.HW2SW_EQ,
          Command.HW2SW_CQ,
          Command.HW2SW_SRQ,
          Command.SYNC_TPT ->
          resources.take(opcode, modifier);
      case Command.TO_RST -> qps.reset(modifier);
      case Command.RST2INIT,
          Command.INIT2INIT,
          Command.INIT2RTR,
          Command.RTR2RTS,
          Command.RTS2RTS,
          Command.RTS2SQD,
          Command.SQD2SQD,
          Command.SQD2RTS,
          Command.SQERR2RTS,
          Command.TO_ERR -> {
        firmware.requirePortUp();
        readMailbox(in);
        yield qps.transition(opcode, modifier, box);
      }
      default ->
          throw new CommandFault(CommandStatus.BAD_OP, "no such command; see the chip's manual");
    };
  }

  private static boolean isClosing(int opcode) {
    return switch (opcode) {
      case Command.CLOSE_IB,
          Command.CLOSE_HCA,
          Command.HW2SW_EQ,
          Command.HW2SW_CQ,
          Command.HW2SW_SRQ,
          Command.HW2SW_MPT,
          Command.SYNC_TPT,
          Command.TO_RST,
          Command.UNMAP_ICM,
          Command.UNMAP_ICM_AUX,
          Command.UNMAP_FA ->
          true;
      default -> false;
    };
  }

  private void readMailbox(long busAddress) throws CommandFault {
    if (!access.read(busAddress, box, 0, Mailbox.BYTES)) {
      throw new CommandFault(
          CommandStatus.INTERNAL_ERR,
          "mailbox at 0x" + Long.toHexString(busAddress) + ": " + access.fault());
    }
  }

  private long writeMailbox(long busAddress) throws CommandFault {
    if (!access.write(busAddress, box, 0, Mailbox.BYTES)) {
      throw new CommandFault(
          CommandStatus.INTERNAL_ERR,
          "mailbox at 0x" + Long.toHexString(busAddress) + ": " + access.fault());
    }
    return busAddress;
  }
}
