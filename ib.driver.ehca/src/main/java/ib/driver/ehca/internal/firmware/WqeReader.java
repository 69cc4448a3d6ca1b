// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.firmware;

import ib.dma.BusAccessor;
import ib.driver.ehca.internal.format.Memory;
import ib.driver.ehca.internal.format.Wqe;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.wire.Feth;
import ib.verbs.FlushLevel;
import ib.verbs.WrOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Fetches work queue entries through the bus and decodes their bytes. Agent thread; one for the
 * adapter.
 */
final class WqeReader {
  private final BusAccessor bus;
  private final MemorySegment bytes = Arena.ofAuto().allocate(Memory.PAGE, 8);

  WqeReader(BusAccessor bus) {
    this.bus = bus;
  }

  /** Fetches a send entry; what can't be fetched or makes no sense is malformed. */
  void readSend(HwWorkQueue from, long position, SendWqe into) {
    boolean fetched = fetch(from, position);
    WrOpcode opcode = fetched ? opcode() : null;
    into.begin(position, opcode == null ? WrOpcode.SEND : opcode);
    int flags = Memory.get8(bytes, Wqe.FLAGS);
    // A malformed entry always completes; with the wr_id, if that could be read.
    from.remember(position, fetched ? Memory.get64(bytes, Wqe.WORK_REQUEST_ID) : 0);
    into.setFlags(
        (flags & Wqe.SIGNALED) != 0, (flags & Wqe.SOLICITED) != 0, (flags & Wqe.FENCE) != 0);
    if (opcode == null) {
      into.setMalformed();
      return;
    }
    into.setImmediate(Memory.get32(bytes, Wqe.IMMEDIATE));
    into.setRemote(Memory.get64(bytes, Wqe.REMOTE_ADDRESS), Memory.get32(bytes, Wqe.RKEY));
    into.setDatagram(
        Memory.get64(bytes, Wqe.DESTINATION_GID),
        Memory.get64(bytes, Wqe.DESTINATION_GID + 8),
        Memory.get32(bytes, Wqe.REMOTE_QPN),
        Memory.get32(bytes, Wqe.REMOTE_QKEY));
    readOperands(opcode, into);
    for (int i = 0; i < Memory.get8(bytes, Wqe.SEGMENTS); i++) {
      long at = segment(i);
      if (!into.addSge(
          Memory.get64(bytes, at + Wqe.SEGMENT_ADDRESS),
          Memory.get32(bytes, at + Wqe.SEGMENT_LENGTH),
          Memory.get32(bytes, at + Wqe.SEGMENT_LKEY))) {
        into.setMalformed();
        return;
      }
    }
  }

  /**
   * Fetches a receive entry. One that can't be fetched has no elements: any message is too long for
   * it.
   */
  void readReceive(HwWorkQueue from, long position, RecvWqe into) {
    boolean fetched = fetch(from, position);
    into.setCookie(position);
    into.clearSges();
    from.remember(position, fetched ? Memory.get64(bytes, Wqe.WORK_REQUEST_ID) : 0);
    for (int i = 0; fetched && i < Memory.get8(bytes, Wqe.SEGMENTS); i++) {
      long at = segment(i);
      if (!into.addSge(
          Memory.get64(bytes, at + Wqe.SEGMENT_ADDRESS),
          Memory.get32(bytes, at + Wqe.SEGMENT_LENGTH),
          Memory.get32(bytes, at + Wqe.SEGMENT_LKEY))) {
        into.clearSges();
        return;
      }
    }
  }

  private void readOperands(WrOpcode opcode, SendWqe into) {
    switch (opcode) {
      case SEND_WITH_INV, LOCAL_INV -> into.setInvalidate(Memory.get32(bytes, Wqe.ARGUMENT));
      case FLUSH -> {
        int type = Memory.get32(bytes, Wqe.ARGUMENT);
        into.setFlush(
            Feth.placement(type),
            Feth.level(type) == Feth.LEVEL_MR ? FlushLevel.MR : FlushLevel.RANGE,
            (int) Memory.get64(bytes, Wqe.LENGTH));
      }
      case REG_MR ->
          into.setRegister(
              Memory.get32(bytes, Wqe.KEY),
              Memory.get32(bytes, Wqe.NEW_KEY),
              Memory.get64(bytes, Wqe.LOCAL_ADDRESS),
              Memory.get64(bytes, Wqe.LENGTH),
              Memory.get32(bytes, Wqe.ACCESS));
      case BIND_MW ->
          into.setBind(
              Memory.get32(bytes, Wqe.KEY),
              Memory.get32(bytes, Wqe.NEW_KEY),
              Memory.get32(bytes, Wqe.REGION_KEY),
              Memory.get64(bytes, Wqe.LOCAL_ADDRESS),
              Memory.get64(bytes, Wqe.LENGTH),
              Memory.get32(bytes, Wqe.ACCESS));
      default -> {
        // No operands.
      }
    }
  }

  private static long segment(int i) {
    return Wqe.HEADER_BYTES + (long) i * Wqe.SEGMENT_BYTES;
  }

  private boolean fetch(HwWorkQueue from, long position) {
    long address = from.queue.address(position);
    if (!bus.read(address, bytes, 0, Wqe.HEADER_BYTES)) {
      return false;
    }
    int segments = Memory.get8(bytes, Wqe.SEGMENTS);
    return segments <= from.maxSegments
        && bus.read(
            address + Wqe.HEADER_BYTES,
            bytes,
            Wqe.HEADER_BYTES,
            (long) segments * Wqe.SEGMENT_BYTES);
  }

  private @Nullable WrOpcode opcode() {
    boolean immediate = (Memory.get8(bytes, Wqe.FLAGS) & Wqe.HAS_IMMEDIATE) != 0;
    return switch (Memory.get8(bytes, Wqe.OPERATION)) {
      case Wqe.SEND ->
          (Memory.get8(bytes, Wqe.FLAGS) & Wqe.INVALIDATES) != 0
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
