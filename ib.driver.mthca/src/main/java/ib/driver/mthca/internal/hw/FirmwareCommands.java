// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusAccessor;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.DevLim;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.FwInfo;
import ib.driver.mthca.internal.prm.HcaParams;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.Mgm;
import ib.transport.PortWatcher;
import ib.transport.RdmaPort;
import java.lang.foreign.MemorySegment;

/** Commands that start and stop the chip, in the order of their states. */
final class FirmwareCommands {
  private static final long VERSION = 0x0001_0002_0190L;
  private static final int FW_PAGES = 16;
  private static final int STAMP = 0x4D54_4843;

  /** Pages of context memory for which one page of auxiliary memory is wanted. */
  private static final int PAGES_PER_AUX_PAGE = 512;

  private enum State {
    OFF,
    FIRMWARE_MAPPED,
    RUNNING,
    STARTED,
    PORT_UP
  }

  private final InfiniHost chip;
  private final BusAccessor access;
  private State state = State.OFF;
  private int auxWanted = -1;
  private int auxMapped;
  private final PortWatcher watcher;

  FirmwareCommands(InfiniHost chip) {
    this.chip = chip;
    access = new BusAccessor(chip.bus());
    watcher = (up, why) -> chip.event(Eqe.PORT_CHANGE, up ? Eqe.PORT_UP : Eqe.PORT_DOWN);
  }

  void requireStarted() throws CommandFault {
    require(State.STARTED);
  }

  void requirePortUp() throws CommandFault {
    require(State.PORT_UP);
  }

  private void require(State least) throws CommandFault {
    if (state.compareTo(least) < 0) {
      throw new CommandFault(
          CommandStatus.BAD_SYS_STATE, "the chip is " + state + ", must be " + least);
    }
  }

  private void requireExactly(State wanted) throws CommandFault {
    if (state != wanted) {
      throw new CommandFault(
          CommandStatus.BAD_SYS_STATE, "the chip is " + state + ", must be " + wanted);
    }
  }

  void queryFw(MemorySegment box) {
    box.fill((byte) 0);
    Be.put64(box, FwInfo.VERSION, VERSION);
    Be.put32(box, FwInfo.PAGES, FW_PAGES);
  }

  void queryDevLim(MemorySegment box) throws CommandFault {
    require(State.RUNNING);
    HcaLimits limits = chip.limits();
    box.fill((byte) 0);
    Be.put32(box, DevLim.MAX_QP, limits.maxQp());
    Be.put32(box, DevLim.MAX_QP_WR, HcaLimits.MAX_QP_WR);
    Be.put32(box, DevLim.MAX_SG, HcaLimits.MAX_SG);
    Be.put32(box, DevLim.MAX_CQ, limits.maxCq());
    Be.put32(box, DevLim.MAX_CQE, HcaLimits.MAX_CQE);
    Be.put32(box, DevLim.MAX_MPT, limits.maxMpt());
    Be.put32(box, DevLim.MAX_MTT, limits.maxMtt());
    Be.put32(box, DevLim.MAX_PD, HcaLimits.MAX_PD);
    Be.put32(box, DevLim.MAX_RD_ATOM, HcaLimits.MAX_RD_ATOM);
    Be.put32(box, DevLim.EQ_ENTRIES, limits.eventEntries());
    Be.put32(box, DevLim.MAX_SRQ, limits.maxSrq());
    Be.put32(box, DevLim.MAX_SRQ_WR, HcaLimits.MAX_QP_WR);
    Be.put32(box, DevLim.MAX_SRQ_SG, HcaLimits.MAX_SG);
    Be.put32(box, DevLim.MAX_MCG, RdmaPort.MAX_MCAST_GROUPS);
    Be.put32(box, DevLim.MAX_QP_PER_MCG, Mgm.MAX_QPS);
    Be.put32(box, DevLim.MTU_BYTES, chip.port().activeMtuBytes());
  }

  long setIcmSize(long bytes) throws CommandFault {
    requireExactly(State.RUNNING);
    chip.icm().resize(bytes);
    long pages = (bytes + MapEntries.PAGE - 1) >>> MapEntries.PAGE_SHIFT;
    auxWanted = (int) (pages / PAGES_PER_AUX_PAGE) + 1;
    return auxWanted;
  }

  /** Commands whose mailbox says where memory is. */
  long map(int opcode, int count, MemorySegment box) throws CommandFault {
    switch (opcode) {
      case Command.MAP_FA -> {
        requireExactly(State.OFF);
        requirePages("firmware", stamp(count, box), FW_PAGES);
        state = State.FIRMWARE_MAPPED;
      }
      case Command.MAP_ICM_AUX -> {
        requireExactly(State.RUNNING);
        auxMapped = stamp(count, box);
        requirePages("auxiliary memory", auxMapped, auxWanted);
      }
      case Command.MAP_ICM -> {
        require(State.RUNNING);
        mapIcm(count, box);
      }
      default -> initHca(box);
    }
    return 0;
  }

  private static void requirePages(String what, int got, int wanted) throws CommandFault {
    if (wanted < 0 || got < wanted) {
      throw new CommandFault(
          CommandStatus.BAD_PARAM, got + " pages for the " + what + "; it wants " + wanted);
    }
  }

  private static void requireEntries(int count) throws CommandFault {
    if (count < 1 || count > MapEntries.MAX_ENTRIES) {
      throw new CommandFault(CommandStatus.BAD_PARAM, count + " entries in a mailbox");
    }
  }

  private static int logPages(long word) throws CommandFault {
    int log = (int) word & (MapEntries.PAGE - 1);
    if (log > MapEntries.MAX_LOG_PAGES) {
      throw new CommandFault(CommandStatus.BAD_PARAM, "a piece of 2^" + log + " pages");
    }
    return log;
  }

  /** Takes memory for the chip's own use: writes into each page, so that a wrong address shows. */
  private int stamp(int count, MemorySegment box) throws CommandFault {
    requireEntries(count);
    int pages = 0;
    for (int i = 0; i < count; i++) {
      long word = Be.get64(box, (long) i * MapEntries.BYTES + 8);
      long at = word & -MapEntries.PAGE;
      for (int page = 1 << logPages(word); page > 0; page--, at += MapEntries.PAGE) {
        if (!access.writeIntRelease(at, STAMP)) {
          throw new CommandFault(
              CommandStatus.INTERNAL_ERR,
              "page at 0x" + Long.toHexString(at) + ": " + access.fault());
        }
        pages++;
      }
    }
    return pages;
  }

  private void mapIcm(int count, MemorySegment box) throws CommandFault {
    if (auxMapped < auxWanted || auxWanted < 0) {
      throw new CommandFault(CommandStatus.BAD_SYS_STATE, "auxiliary memory comes first");
    }
    requireEntries(count);
    for (int i = 0; i < count; i++) {
      long entry = (long) i * MapEntries.BYTES;
      long word = Be.get64(box, entry + 8);
      chip.icm().map(Be.get64(box, entry), word & -MapEntries.PAGE, 1 << logPages(word));
    }
  }

  private void initHca(MemorySegment box) throws CommandFault {
    requireExactly(State.RUNNING);
    int mpts = Be.get32(box, HcaParams.MPT_ENTRIES);
    int mtts = Be.get32(box, HcaParams.MTT_ENTRIES);
    if (mpts < 1 || mpts > chip.limits().maxMpt() || mtts < 1 || mtts > chip.limits().maxMtt()) {
      throw new CommandFault(
          CommandStatus.EXCEED_LIM, mpts + " protection entries and " + mtts + " translations");
    }
    chip.tpt()
        .place(Be.get64(box, HcaParams.MPT_BASE), mpts, Be.get64(box, HcaParams.MTT_BASE), mtts);
    chip.placeRecords(Be.get64(box, HcaParams.UARC_BASE), Be.get32(box, HcaParams.UARC_ENTRIES));
    state = State.STARTED;
  }

  /** Commands without a mailbox. */
  long run(int opcode, long in, int modifier) throws CommandFault {
    switch (opcode) {
      case Command.RUN_FW -> {
        requireExactly(State.FIRMWARE_MAPPED);
        state = State.RUNNING;
      }
      case Command.INIT_IB -> {
        requireExactly(State.STARTED);
        state = State.PORT_UP;
        chip.port().watch(watcher);
      }
      case Command.CLOSE_IB -> {
        for (HwQp qp : chip.allQps()) {
          chip.qps().remove(qp.qpn());
          qp.stop();
        }
        state = state == State.PORT_UP ? State.STARTED : state;
        chip.port().unwatch(watcher);
      }
      case Command.CLOSE_HCA -> closeHca();
      case Command.UNMAP_ICM -> chip.icm().unmap(in, modifier);
      case Command.UNMAP_ICM_AUX -> {
        auxMapped = 0;
        chip.icm().clear();
      }
      default -> state = State.OFF;
    }
    return 0;
  }

  private void closeHca() throws CommandFault {
    if (state == State.PORT_UP) {
      throw new CommandFault(CommandStatus.BAD_SYS_STATE, "the port is up; CLOSE_IB comes first");
    }
    for (int cqn = 0; cqn < chip.limits().maxCq(); cqn++) {
      chip.cqs().set(cqn, null);
    }
    chip.srqs().clear();
    chip.groups().clear();
    chip.setEq(null);
    chip.tpt().place(0, 0, 0, 0);
    state = state == State.STARTED ? State.RUNNING : state;
  }
}
