// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.Mgm;
import ib.transport.PortQp;
import ib.transport.RdmaPort;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The multicast table: which queue pairs get what is sent to a group. Agent thread only. */
final class HwGroups {
  private static final int[] NONE = {};

  private final InfiniHost chip;
  private final long[] gidHigh = new long[RdmaPort.MAX_MCAST_GROUPS];
  private final long[] gidLow = new long[RdmaPort.MAX_MCAST_GROUPS];
  private final int[][] qpns = new int[RdmaPort.MAX_MCAST_GROUPS][];

  HwGroups(InfiniHost chip) {
    this.chip = chip;
    clear();
  }

  /** Forgets all entries; the queue pairs are gone. */
  void clear() {
    Arrays.fill(qpns, NONE);
  }

  /** Writes an entry: queue pairs that are new in it join, those that are not in it leave. */
  void write(int index, MemorySegment box) throws CommandFault {
    if (index < 0 || index >= qpns.length) {
      throw new CommandFault(
          CommandStatus.BAD_INDEX, "multicast entry " + index + "; there are " + qpns.length);
    }
    int[] wanted = read(box);
    long high = Be.get64(box, Mgm.GID);
    long low = Be.get64(box, Mgm.GID + 8);
    if (high != gidHigh[index] || low != gidLow[index]) {
      keepOnly(index, NONE);
    }
    for (int qpn : wanted) {
      join(qpn, high, low);
    }
    keepOnly(index, wanted);
    gidHigh[index] = high;
    gidLow[index] = low;
    qpns[index] = wanted;
  }

  private void keepOnly(int index, int[] wanted) {
    for (int qpn : qpns[index]) {
      if (!holds(wanted, qpn)) {
        leave(qpn, gidHigh[index], gidLow[index]);
      }
    }
    qpns[index] = wanted;
  }

  private static int[] read(MemorySegment box) {
    int[] found = new int[Mgm.MAX_QPS];
    int count = 0;
    for (int i = 0; i < Mgm.MAX_QPS; i++) {
      int word = Be.get32(box, Mgm.QPS + 4L * i);
      if ((word & Mgm.QP_VALID) != 0) {
        found[count++] = word & 0xFF_FFFF;
      }
    }
    return Arrays.copyOf(found, count);
  }

  private static boolean holds(int[] all, int qpn) {
    for (int one : all) {
      if (one == qpn) {
        return true;
      }
    }
    return false;
  }

  /** A queue pair in RESET is none to the chip: it joins when it begins. */
  private void join(int qpn, long high, long low) throws CommandFault {
    HwQp qp = chip.qps().get(qpn);
    if (qp == null) {
      return;
    }
    try {
      qp.transport().attachMcast(high, low);
    } catch (RdmaException e) {
      throw new CommandFault(CommandStatus.BAD_PARAM, String.valueOf(e.getMessage()));
    }
  }

  private void leave(int qpn, long high, long low) {
    HwQp qp = chip.qps().get(qpn);
    if (qp == null) {
      return;
    }
    try {
      qp.transport().detachMcast(high, low);
    } catch (RdmaException e) {
      // It had begun anew and not joined: it is where it should be.
      return;
    }
  }

  /** A queue pair begins: it is in the groups that list it. */
  void begin(int qpn, PortQp transport) throws RdmaException {
    for (int i = 0; i < qpns.length; i++) {
      if (holds(qpns[i], qpn)) {
        transport.attachMcast(gidHigh[i], gidLow[i]);
      }
    }
  }
}
