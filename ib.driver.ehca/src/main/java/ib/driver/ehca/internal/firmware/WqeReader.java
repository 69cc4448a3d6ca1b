// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.dma.DmaBus;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.wire.Feth;
import ib.verbs.FlushLevel;
import ib.verbs.WrOpcode;
import org.jspecify.annotations.Nullable;

/**
 * Decodes work queue entries, read through the bus where they are. Agent thread; one for the
 * adapter.
 */
final class WqeReader {
  private final BusView entry;

  WqeReader(DmaBus bus) {
    this.entry = new BusView(bus);
  }

  /** Reads a send entry; what can't be read or makes no sense is malformed. */
  void readSend(HwWorkQueue from, long position, SendWqe into) {
    boolean opened = open(from, position);
    int flags = opened ? entry.get8(Wqe.FLAGS) : 0;
    int segments = opened ? entry.get8(Wqe.SEGMENTS) : 0;
    WrOpcode opcode = opened && segments <= from.maxSegments ? opcode(flags) : null;
    into.begin(position, opcode == null ? WrOpcode.SEND : opcode);
    // A malformed entry always completes; with the wr_id, if that could be read.
    from.remember(position, opened ? entry.get64(Wqe.WORK_REQUEST_ID) : 0);
    into.setFlags(
        (flags & Wqe.SIGNALED) != 0, (flags & Wqe.SOLICITED) != 0, (flags & Wqe.FENCE) != 0);
    if (opcode == null) {
      into.setMalformed();
      return;
    }
    into.setImmediate(entry.get32(Wqe.IMMEDIATE));
    into.setRemote(entry.get64(Wqe.REMOTE_ADDRESS), entry.get32(Wqe.RKEY));
    into.setDatagram(
        entry.get64(Wqe.DESTINATION_GID),
        entry.get64(Wqe.DESTINATION_GID + 8),
        entry.get32(Wqe.REMOTE_QPN),
        entry.get32(Wqe.REMOTE_QKEY));
    readOperands(opcode, into);
    for (int i = 0; i < segments; i++) {
      int at = segment(i);
      if (!into.addSge(
          entry.get64(at + Wqe.SEGMENT_ADDRESS),
          entry.get32(at + Wqe.SEGMENT_LENGTH),
          entry.get32(at + Wqe.SEGMENT_LKEY))) {
        into.setMalformed();
        return;
      }
    }
  }

  /**
   * Reads a receive entry. One that can't be read or makes no sense has no elements: any message is
   * too long for it.
   */
  void readReceive(HwWorkQueue from, long position, RecvWqe into) {
    boolean opened = open(from, position);
    into.setCookie(position);
    into.clearSges();
    from.remember(position, opened ? entry.get64(Wqe.WORK_REQUEST_ID) : 0);
    int segments = opened ? entry.get8(Wqe.SEGMENTS) : 0;
    for (int i = 0; i < segments && segments <= from.maxSegments; i++) {
      int at = segment(i);
      if (!into.addSge(
          entry.get64(at + Wqe.SEGMENT_ADDRESS),
          entry.get32(at + Wqe.SEGMENT_LENGTH),
          entry.get32(at + Wqe.SEGMENT_LKEY))) {
        into.clearSges();
        return;
      }
    }
  }

  private void readOperands(WrOpcode opcode, SendWqe into) {
    switch (opcode) {
      case SEND_WITH_INV, LOCAL_INV -> into.setInvalidate(entry.get32(Wqe.ARGUMENT));
      case FLUSH -> {
        int type = entry.get32(Wqe.ARGUMENT);
        into.setFlush(
            Feth.placement(type),
            Feth.level(type) == Feth.LEVEL_MR ? FlushLevel.MR : FlushLevel.RANGE,
            (int) entry.get64(Wqe.LENGTH));
      }
      case REG_MR ->
          into.setRegister(
              entry.get32(Wqe.KEY),
              entry.get32(Wqe.NEW_KEY),
              entry.get64(Wqe.LOCAL_ADDRESS),
              entry.get64(Wqe.LENGTH),
              entry.get32(Wqe.ACCESS));
      case BIND_MW ->
          into.setBind(
              entry.get32(Wqe.KEY),
              entry.get32(Wqe.NEW_KEY),
              entry.get32(Wqe.REGION_KEY),
              entry.get64(Wqe.LOCAL_ADDRESS),
              entry.get64(Wqe.LENGTH),
              entry.get32(Wqe.ACCESS));
      default -> {
        // No operands.
      }
    }
  }

  private static int segment(int i) {
    return Wqe.HEADER_BYTES + i * Wqe.SEGMENT_BYTES;
  }

  private boolean open(HwWorkQueue from, long position) {
    HwQueue queue = from.queue;
    return entry.open(queue.address(position), queue.entryBytes(), DmaAccess.READ);
  }

  private @Nullable WrOpcode opcode(int flags) {
    boolean immediate = (flags & Wqe.HAS_IMMEDIATE) != 0;
    return switch (entry.get8(Wqe.OPERATION)) {
      case Wqe.SEND ->
          (flags & Wqe.INVALIDATES) != 0
              ? WrOpcode.SEND_WITH_INV
              : immediate ? WrOpcode.SEND_WITH_IMM : WrOpcode.SEND;
      case Wqe.RDMA_WRITE -> immediate ? WrOpcode.RDMA_WRITE_WITH_IMM : WrOpcode.RDMA_WRITE;
      case Wqe.RDMA_READ -> immediate ? null : WrOpcode.RDMA_READ;
      case Wqe.BIND -> WrOpcode.BIND_MW;
      case Wqe.LOCAL_INVALIDATE -> WrOpcode.LOCAL_INV;
      case Wqe.REGISTER -> WrOpcode.REG_MR;
      case Wqe.FLUSH -> WrOpcode.FLUSH;
      default -> null;
    };
  }
}
