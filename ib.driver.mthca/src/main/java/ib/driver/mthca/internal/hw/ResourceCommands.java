// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.Cqe;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.Mtt;
import ib.driver.mthca.internal.prm.QueueContext;
import ib.driver.mthca.internal.prm.SrqContext;
import java.lang.foreign.MemorySegment;

/** Commands for table entries, completion queues and the event queue. */
final class ResourceCommands {
  private final InfiniHost chip;

  ResourceCommands(InfiniHost chip) {
    this.chip = chip;
  }

  /** Software gives something to the hardware. */
  long give(int opcode, int modifier, MemorySegment box) throws CommandFault {
    switch (opcode) {
      case Command.SW2HW_MPT -> chip.tpt().softwareToHardware(modifier, box);
      case Command.WRITE_MTT -> writeTranslations(modifier, box);
      case Command.SW2HW_EQ -> {
        if (chip.hasEq()) {
          throw new CommandFault(CommandStatus.RESOURCE_BUSY, "there is one event queue");
        }
        chip.setEq(new HwEq(chip, ring(box, Be.log2(Eqe.BYTES))));
      }
      case Command.RESIZE_CQ -> {
        return Integer.toUnsignedLong(resizeCq(modifier, box));
      }
      case Command.SW2HW_SRQ -> giveSrq(modifier, box);
      case Command.WRITE_MGM -> chip.groups().write(modifier, box);
      default -> giveCq(modifier, box);
    }
    return 0;
  }

  private void writeTranslations(int count, MemorySegment box) throws CommandFault {
    if (count < 1 || count > Mtt.WRITE_MAX) {
      throw new CommandFault(CommandStatus.BAD_PARAM, count + " translations in a mailbox");
    }
    int first = (int) Be.get64(box, Mtt.WRITE_INDEX);
    for (int i = 0; i < count; i++) {
      long entry = Be.get64(box, Mtt.WRITE_ENTRIES + (long) i * Mtt.BYTES);
      chip.tpt().writeTranslation(first + i, entry);
    }
  }

  private HwRing ring(MemorySegment box, int logStride) throws CommandFault {
    return new HwRing(
        chip.tpt(),
        Be.get32(box, QueueContext.MTT_INDEX),
        Be.get32(box, QueueContext.LOG_ENTRIES),
        logStride);
  }

  private int resizeCq(int cqn, MemorySegment box) throws CommandFault {
    checkCqn(cqn);
    HwCq cq = chip.cqs().get(cqn);
    if (cq == null) {
      throw new CommandFault(CommandStatus.BAD_INDEX, "there is no completion queue " + cqn);
    }
    HwRing ring = ring(box, Be.log2(Cqe.BYTES));
    if (ring.entries() > HcaLimits.MAX_CQE) {
      throw new CommandFault(CommandStatus.EXCEED_LIM, ring.entries() + " completion entries");
    }
    return cq.resize(ring);
  }

  private void giveSrq(int srqn, MemorySegment box) throws CommandFault {
    if (srqn < 0 || srqn >= chip.limits().maxSrq() || chip.srqs().containsKey(srqn)) {
      throw new CommandFault(
          CommandStatus.BAD_RES_STATE, "shared receive queue " + srqn + " is in use or none");
    }
    int shape = Be.get32(box, SrqContext.SHAPE);
    HwRing ring =
        new HwRing(chip.tpt(), Be.get32(box, SrqContext.MTT_INDEX), shape >>> 8, shape & 0xFF);
    long record = chip.record(Be.get32(box, SrqContext.RECORD));
    int life = Be.get32(box, SrqContext.LIFE);
    chip.srqs().put(srqn, new HwSrq(chip, srqn, life, ring, record));
  }

  /** Arms the limit of a shared receive queue. */
  long armSrq(int srqn, long limit) throws CommandFault {
    srq(srqn).arm((int) limit);
    return 0;
  }

  /** Answers with the limit of a shared receive queue. */
  void querySrq(int srqn, MemorySegment box) throws CommandFault {
    box.fill((byte) 0);
    Be.put32(box, SrqContext.LIMIT, srq(srqn).limit());
  }

  private HwSrq srq(int srqn) throws CommandFault {
    HwSrq srq = chip.srqs().get(srqn);
    if (srq == null) {
      throw new CommandFault(CommandStatus.BAD_INDEX, "there is no shared receive queue " + srqn);
    }
    return srq;
  }

  private void takeSrq(int srqn) throws CommandFault {
    for (HwQp qp : chip.allQps()) {
      if (qp.srqn() == srqn) {
        throw new CommandFault(
            CommandStatus.RESOURCE_BUSY,
            "qp 0x" + Integer.toHexString(qp.qpn()) + " takes from shared receive queue " + srqn);
      }
    }
    chip.srqs().remove(srqn);
  }

  private void giveCq(int cqn, MemorySegment box) throws CommandFault {
    checkCqn(cqn);
    if (chip.cqs().get(cqn) != null) {
      throw new CommandFault(CommandStatus.BAD_RES_STATE, "completion queue " + cqn + " is in use");
    }
    HwRing ring = ring(box, Be.log2(Cqe.BYTES));
    if (ring.entries() > HcaLimits.MAX_CQE) {
      throw new CommandFault(CommandStatus.EXCEED_LIM, ring.entries() + " completion entries");
    }
    long consumer = chip.record(Be.get32(box, QueueContext.CI_RECORD));
    long arm = chip.record(Be.get32(box, QueueContext.ARM_RECORD));
    chip.cqs().set(cqn, new HwCq(chip, cqn, ring, consumer, arm));
  }

  private void checkCqn(int cqn) throws CommandFault {
    if (cqn < 0 || cqn >= chip.limits().maxCq()) {
      throw new CommandFault(
          CommandStatus.BAD_INDEX,
          "completion queue " + cqn + "; there are " + chip.limits().maxCq());
    }
  }

  /** Software takes something back. */
  long take(int opcode, int modifier) throws CommandFault {
    switch (opcode) {
      case Command.HW2SW_MPT -> chip.tpt().hardwareToSoftware(modifier);
      case Command.HW2SW_EQ -> chip.setEq(null);
      case Command.HW2SW_CQ -> takeCq(modifier);
      case Command.HW2SW_SRQ -> takeSrq(modifier);
      default -> {
        // MAP_EQ: there is one event queue, all events go to it. SYNC_TPT: nothing is cached, and
        // whatever was begun before is over when a command is executed.
      }
    }
    return 0;
  }

  private void takeCq(int cqn) throws CommandFault {
    checkCqn(cqn);
    HwCq cq = chip.cqs().get(cqn);
    for (HwQp qp : chip.allQps()) {
      if (cq != null && qp.reportsTo(cq)) {
        throw new CommandFault(
            CommandStatus.RESOURCE_BUSY,
            "qp 0x" + Integer.toHexString(qp.qpn()) + " reports to completion queue " + cqn);
      }
    }
    chip.cqs().set(cqn, null);
  }
}
