// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.dma.DmaCoherent;
import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.FwInfo;
import ib.driver.mthca.internal.prm.MapEntries;
import ib.driver.mthca.internal.prm.QueueContext;
import ib.verbs.RdmaException;

/** The first steps of a memory-free HCA, and its last. */
final class Startup {
  private static final int PORT = 1;
  private static final int EQN = 0;
  private static final long ALL_EVENTS = 0xFFFF_FFFFL;

  private final Hcr hcr;
  private final Mailboxes mailboxes;
  private final HostBuffers buffers;

  Startup(Hcr hcr, Mailboxes mailboxes, HostBuffers buffers) {
    this.hcr = hcr;
    this.mailboxes = mailboxes;
    this.buffers = buffers;
  }

  /** Gives the firmware its memory, starts it, and asks for the limits. */
  Limits startFirmware() throws RdmaException {
    try (Mailboxes.Box box = mailboxes.take()) {
      hcr.execute(Command.QUERY_FW, 0, 0, box.address());
      int pages = Be.get32(box.segment(), FwInfo.PAGES);
      giveMemory(Command.MAP_FA, pages, box);
      hcr.execute(Command.RUN_FW, 0, 0, 0);
      hcr.execute(Command.QUERY_DEV_LIM, 0, 0, box.address());
      return Limits.read(box.segment());
    }
  }

  /** Gives the chip memory for its own use. */
  private void giveMemory(int opcode, int pages, Mailboxes.Box box) throws RdmaException {
    box.segment().fill((byte) 0);
    int count = 0;
    for (int left = pages; left > 0; count++) {
      int piece = Math.min(Integer.highestOneBit(left), 1 << MapEntries.MAX_LOG_PAGES);
      DmaCoherent memory = buffers.allocate((long) piece * MapEntries.PAGE);
      Be.put64(
          box.segment(), (long) count * MapEntries.BYTES + 8, memory.dmaAddress() | Be.log2(piece));
      left -= piece;
    }
    hcr.execute(opcode, box.address(), count, 0);
  }

  /** Lays out and maps the tables, and starts the adapter. */
  void startAdapter(MthcaTables tables) throws RdmaException {
    try (Mailboxes.Box box = mailboxes.take()) {
      int auxPages = (int) hcr.execute(Command.SET_ICM_SIZE, tables.spaceBytes(), 0, 0);
      giveMemory(Command.MAP_ICM_AUX, auxPages, box);
      tables.mapFirst();
      box.segment().fill((byte) 0);
      tables.describe(box.segment());
      hcr.execute(Command.INIT_HCA, box.address(), 0, 0);
    }
  }

  /** Gives the hardware the event queue, and brings up the port. */
  void startPort(MthcaEq eq) throws RdmaException {
    try (Mailboxes.Box box = mailboxes.take()) {
      hcr.execute(Command.MAP_EQ, ALL_EVENTS, EQN, 0);
      Be.put32(box.segment(), QueueContext.MTT_INDEX, eq.firstTranslation());
      Be.put32(box.segment(), QueueContext.LOG_ENTRIES, eq.logEntries());
      hcr.execute(Command.SW2HW_EQ, box.address(), EQN, 0);
      hcr.execute(Command.INIT_IB, 0, PORT, 0);
    }
  }

  /** Everything in reverse. Agent thread, in one go. */
  void stop(MthcaTables tables) throws RdmaException {
    hcr.issue(Command.CLOSE_IB, 0, PORT, 0);
    hcr.issue(Command.HW2SW_EQ, 0, EQN, 0);
    hcr.issue(Command.CLOSE_HCA, 0, 0, 0);
    tables.unmapAll();
    hcr.issue(Command.UNMAP_ICM_AUX, 0, 0, 0);
    hcr.issue(Command.UNMAP_FA, 0, 0, 0);
  }

  /** Stops firmware that was started without an adapter. Agent thread. */
  void stopFirmware() throws RdmaException {
    hcr.issue(Command.CLOSE_IB, 0, PORT, 0);
    hcr.issue(Command.CLOSE_HCA, 0, 0, 0);
    hcr.issue(Command.UNMAP_FA, 0, 0, 0);
  }
}
