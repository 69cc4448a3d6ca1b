// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.dma.BusView;
import ib.dma.DmaAccess;
import ib.driver.mthca.internal.prm.Wqe;
import ib.transport.RecvWqe;
import ib.transport.SendWqe;
import ib.transport.wire.Feth;
import ib.verbs.FlushLevel;
import ib.verbs.QpType;
import ib.verbs.WrOpcode;

/** Reads work queue entries out of host memory. Agent thread only. */
final class WqeReader {
  private final BusView memory;

  WqeReader(BusView memory) {
    this.memory = memory;
  }

  /** Reads the send entry at a position; marks it as malformed if its bytes make no sense. */
  void readSend(HwRing ring, int position, QpType type, SendWqe into) {
    long cookie = Integer.toUnsignedLong(position);
    into.begin(cookie, WrOpcode.SEND);
    // Operation and size stand in the entry before.
    if (!memory.open(ring.address(position - 1), Wqe.NEXT_BYTES, DmaAccess.READ)) {
      into.setMalformed();
      return;
    }
    int code = memory.get32(Wqe.NDA_OP) & Wqe.OPCODE_MASK;
    int next = memory.get32(Wqe.EE_NDS);
    int bytes = (next & Wqe.SIZE_MASK) * Wqe.UNIT;
    WrOpcode opcode = Wqe.opcode(code);
    if (opcode == null
        || (type == QpType.UD && !opcode.isSend())
        || bytes < Wqe.NEXT_BYTES
        || bytes > ring.strideBytes()
        || !memory.open(ring.address(position), bytes, DmaAccess.READ)) {
      into.setMalformed();
      return;
    }
    into.begin(cookie, opcode);
    int flags = memory.get32(Wqe.FLAGS);
    into.setFlags(
        (flags & Wqe.CQ_UPDATE) != 0, (flags & Wqe.SOLICIT) != 0, (next & Wqe.NEXT_FENCE) != 0);
    into.setImmediate(memory.get32(Wqe.IMMEDIATE));
    into.setInvalidate(memory.get32(Wqe.IMMEDIATE));
    int at = readAddressing(type, opcode, bytes, into);
    if (at < 0 || !readData(at, bytes, into)) {
      into.setMalformed();
    }
  }

  /** Offset of the first data segment, or -1. */
  private int readAddressing(QpType type, WrOpcode opcode, int bytes, SendWqe into) {
    int at = Wqe.NEXT_BYTES;
    if (type == QpType.UD) {
      if (at + Wqe.UD_BYTES > bytes) {
        return -1;
      }
      into.setDatagram(
          memory.get64(at + Wqe.UD_GID),
          memory.get64(at + Wqe.UD_GID + 8),
          memory.get32(at + Wqe.UD_QPN),
          memory.get32(at + Wqe.UD_QKEY));
      return at + Wqe.UD_BYTES;
    }
    if (opcode.isRdma()) {
      if (at + Wqe.RADDR_BYTES > bytes) {
        return -1;
      }
      into.setRemote(memory.get64(at), memory.get32(at + Wqe.RADDR_KEY));
      return readOperands(opcode, at + Wqe.RADDR_BYTES, bytes, into);
    }
    boolean hasKeys = opcode == WrOpcode.REG_MR || opcode == WrOpcode.BIND_MW;
    return hasKeys ? readKeys(opcode, at, bytes, into) : at;
  }

  private int readOperands(WrOpcode opcode, int at, int bytes, SendWqe into) {
    if (opcode.isAtomic()) {
      if (at + Wqe.ATOMIC_BYTES > bytes) {
        return -1;
      }
      long operand = memory.get64(at);
      long compare = memory.get64(at + Wqe.ATOMIC_COMPARE);
      boolean swaps = opcode == WrOpcode.ATOMIC_CMP_AND_SWP;
      into.setAtomic(swaps ? compare : operand, operand);
      return at + Wqe.ATOMIC_BYTES;
    }
    if (opcode == WrOpcode.FLUSH) {
      if (at + Wqe.FLUSH_BYTES > bytes) {
        return -1;
      }
      int type = memory.get32(at);
      into.setFlush(
          Feth.placement(type),
          Feth.level(type) == Feth.LEVEL_MR ? FlushLevel.MR : FlushLevel.RANGE,
          memory.get32(at + Wqe.FLUSH_LENGTH));
      return at + Wqe.FLUSH_BYTES;
    }
    return at;
  }

  private int readKeys(WrOpcode opcode, int at, int bytes, SendWqe into) {
    if (at + Wqe.KEY_BYTES > bytes) {
      return -1;
    }
    int access = memory.get32(at);
    int old = memory.get32(at + Wqe.KEY_OLD);
    int fresh = memory.get32(at + Wqe.KEY_NEW);
    long address = memory.get64(at + Wqe.KEY_ADDRESS);
    long length = memory.get64(at + Wqe.KEY_LENGTH);
    if (opcode == WrOpcode.REG_MR) {
      into.setRegister(old, fresh, address, length, access);
    } else {
      into.setBind(old, fresh, memory.get32(at + Wqe.KEY_REGION), address, length, access);
    }
    return at + Wqe.KEY_BYTES;
  }

  private boolean readData(int first, int end, SendWqe into) {
    if (first + Wqe.DATA_BYTES <= end && (memory.get32(first) & Wqe.INLINE) != 0) {
      int bytes = memory.get32(first) & ~Wqe.INLINE;
      return first + Wqe.INLINE_HEAD_BYTES + bytes <= end
          && into.setInline(
              memory.segment(), memory.offset() + first + Wqe.INLINE_HEAD_BYTES, bytes);
    }
    for (int at = first; at + Wqe.DATA_BYTES <= end; at += Wqe.DATA_BYTES) {
      if (!into.addSge(
          memory.get64(at + Wqe.DATA_ADDRESS), memory.get32(at), memory.get32(at + Wqe.DATA_KEY))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads the receive entry at a position. One that can't be read has no elements: what comes does
   * not fit.
   */
  void readReceive(HwRing ring, int position, RecvWqe into) {
    into.setCookie(Integer.toUnsignedLong(position));
    into.clearSges();
    int bytes = Math.min(ring.strideBytes(), Wqe.MAX_BYTES);
    if (!memory.open(ring.address(position), bytes, DmaAccess.READ)) {
      return;
    }
    for (int at = Wqe.NEXT_BYTES; at + Wqe.DATA_BYTES <= bytes; at += Wqe.DATA_BYTES) {
      int key = memory.get32(at + Wqe.DATA_KEY);
      if (key == Wqe.INVALID_LKEY
          || !into.addSge(memory.get64(at + Wqe.DATA_ADDRESS), memory.get32(at), key)) {
        return;
      }
    }
  }
}
