// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.DmaBus;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.QpnTable;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.transport.RdmaPort;
import ib.transport.hca.Doorbell;
import ib.transport.hca.DoorbellBank;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The chip: its registers, units, queues, and its place on the port. Everything but a doorbell
 * happens on the agent thread of the port.
 */
public final class InfiniHost implements RegisterSpace.Chip {
  private final RdmaPort port;
  private final DmaBus bus;
  private final RegisterSpace registers;
  private final HcaLimits limits;
  private final DoorbellBank doorbells;
  private final Icm icm = new Icm();
  private final Tpt tpt;
  private final CommandUnit commands;
  private final QpnTable<HwQp> qps = new QpnTable<>();
  private final AtomicReferenceArray<@Nullable HwCq> cqs;
  private final Map<Integer, HwSrq> srqs = new HashMap<>();
  private final HwGroups groups = new HwGroups(this);
  private @Nullable HwEq eq;
  private @Nullable Doorbell interrupt;
  private long recordBase;
  private int recordCount;
  private boolean dead;

  /**
   * Puts a chip behind registers.
   *
   * @param port where its packets go
   * @param bus its way to host memory
   * @param registers its registers
   * @param limits its size
   * @param doorbells brings doorbells and interrupts to the agent
   */
  public InfiniHost(
      RdmaPort port,
      DmaBus bus,
      RegisterSpace registers,
      HcaLimits limits,
      DoorbellBank doorbells) {
    this.port = port;
    this.bus = bus;
    this.registers = registers;
    this.limits = limits;
    this.doorbells = doorbells;
    tpt = new Tpt(bus, icm);
    cqs = new AtomicReferenceArray<>(limits.maxCq());
    commands = new CommandUnit(this);
    registers.connect(this);
  }

  /**
   * Wires the interrupt line. Agent thread.
   *
   * @param line rung outside of the engine's calls
   */
  public void connectInterrupt(Doorbell line) {
    interrupt = line;
  }

  // Registers.

  @Override
  public void onCommand() {
    port.agent().assertInAgent();
    commands.execute(registers);
  }

  @Override
  public void onDoorbell(int register, long value) {
    switch (register) {
      case RegisterSpace.SEND_DOORBELL, RegisterSpace.RECEIVE_DOORBELL -> {
        HwQp qp = qps.get((int) value >>> 8);
        if (qp != null) {
          qp.ring();
        }
      }
      case RegisterSpace.CQ_DOORBELL -> {
        int cqn = (int) (value >>> 32) & 0xFF_FFFF;
        HwCq cq = cqn < cqs.length() ? cqs.get(cqn) : null;
        if (cq != null) {
          cq.arm((int) (value >>> 56) == 1);
        }
      }
      case RegisterSpace.EQ_DOORBELL -> {
        port.agent().assertInAgent();
        if (eq != null) {
          eq.arm((int) value);
        }
      }
      default -> {
        // As on the chip, a write to nowhere is nothing.
      }
    }
  }

  // What the units share.

  RdmaPort port() {
    return port;
  }

  DmaBus bus() {
    return bus;
  }

  HcaLimits limits() {
    return limits;
  }

  DoorbellBank doorbells() {
    return doorbells;
  }

  Icm icm() {
    return icm;
  }

  Tpt tpt() {
    return tpt;
  }

  QpnTable<HwQp> qps() {
    return qps;
  }

  AtomicReferenceArray<@Nullable HwCq> cqs() {
    return cqs;
  }

  /** Shared receive queues by number. */
  Map<Integer, HwSrq> srqs() {
    return srqs;
  }

  HwGroups groups() {
    return groups;
  }

  void placeRecords(long at, int count) {
    recordBase = at;
    recordCount = count;
  }

  /** Bus address of a doorbell record. */
  long record(int index) throws CommandFault {
    long at =
        index < 0 || index >= recordCount
            ? Icm.UNMAPPED
            : icm.translate(recordBase + (long) index * Db.BYTES);
    if (at == Icm.UNMAPPED) {
      throw new CommandFault(
          CommandStatus.LAM_NOT_PRE, "doorbell record " + index + " has no context memory");
    }
    return at;
  }

  void setEq(@Nullable HwEq queue) {
    eq = queue;
  }

  boolean hasEq() {
    return eq != null;
  }

  boolean has(HwQp qp) {
    return qp.equals(qps.get(qp.qpn()));
  }

  List<HwQp> allQps() {
    return qps.all();
  }

  void event(int type, int number) {
    if (eq != null && !dead) {
      eq.post(type, number);
    }
  }

  void raiseInterrupt() {
    if (interrupt != null) {
      interrupt.ring();
    }
  }

  void failQueuePairsOf(HwCq cq) {
    for (HwQp qp : allQps()) {
      if (qp.reportsTo(cq)) {
        qp.failLater();
      }
    }
  }

  /** The chip stopped: it touches no queue any more, and says why in its error buffer. */
  void fatal(String cause) {
    if (!dead) {
      dead = true;
      registers.setText(RegisterSpace.ERROR_BUFFER, cause);
      raiseInterrupt();
    }
  }

  boolean isDead() {
    return dead;
  }
}
