// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Eqe;
import ib.driver.mthca.internal.prm.RegisterSpace;
import ib.verbs.AsyncEventType;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;

/** The event queue and its interrupt handler. Agent thread once it is made. */
final class MthcaEq {
  private final MthcaHca hca;
  private final RegisterSpace registers;
  private final QueueBuffer buffer;
  private final int entries;
  private int consumer;
  private boolean closed;

  MthcaEq(MthcaHca hca, RegisterSpace registers, MthcaTables tables, int atLeast)
      throws RdmaException {
    this.hca = hca;
    this.registers = registers;
    entries = Be.powerOfTwo(Math.max(atLeast, 128));
    buffer = new QueueBuffer(tables, entries * Eqe.BYTES);
    buffer.fillWord(entries, Eqe.BYTES, Eqe.LAST, Eqe.OWNER_HW);
  }

  int logEntries() {
    return Be.log2(entries);
  }

  int firstTranslation() {
    return buffer.firstTranslation();
  }

  /** From now on an interrupt does nothing. */
  void close() {
    closed = true;
  }

  /** The interrupt handler. */
  void onInterrupt() {
    if (closed) {
      return;
    }
    if (registers.read32(RegisterSpace.ERROR_BUFFER) != 0) {
      hca.onFatal(registers.readText(RegisterSpace.ERROR_BUFFER));
    }
    try {
      for (int budget = entries; budget > 0 && consumeOne(); budget--) {
        // One event after the other.
      }
    } finally {
      // Also after a handler that threw: what is left makes another interrupt.
      registers.ring(RegisterSpace.EQ_DOORBELL, Integer.toUnsignedLong(consumer));
    }
  }

  private boolean consumeOne() {
    int at = (consumer & (entries - 1)) * Eqe.BYTES;
    MemorySegment segment = buffer.segment(at);
    int offset = QueueBuffer.within(at);
    if ((Be.acquire32(segment, offset + Eqe.LAST) & Eqe.OWNER_HW) != 0) {
      return false;
    }
    int type = Be.get32(segment, offset + Eqe.TYPE) >>> Eqe.TYPE_SHIFT & 0xFF;
    int number = Be.get32(segment, offset + Eqe.NUMBER);
    Be.put32(segment, offset + Eqe.LAST, Eqe.OWNER_HW);
    consumer++;
    switch (type) {
      case Eqe.COMPLETION -> hca.onCompletionEvent(number);
      case Eqe.CQ_ERROR -> hca.onCqError(number);
      case Eqe.WQ_CATAS_ERROR -> hca.onQpError(number);
      case Eqe.PORT_CHANGE -> hca.onPortChange(number == Eqe.PORT_UP);
      case Eqe.COMM_EST ->
          hca.onQpEvent(number, AsyncEventType.COMM_EST, "received the first packet in RTR");
      case Eqe.SQ_DRAINED ->
          hca.onQpEvent(number, AsyncEventType.SQ_DRAINED, "nothing is in progress");
      case Eqe.SRQ_QP_LAST_WQE ->
          hca.onQpEvent(number, AsyncEventType.QP_LAST_WQE_REACHED, "takes no receive any more");
      case Eqe.SQ_ERROR -> hca.onSqError(number);
      case Eqe.SRQ_LIMIT ->
          hca.onSrqEvent(
              number, AsyncEventType.SRQ_LIMIT_REACHED, "fewer receives are left; post more");
      case Eqe.SRQ_CATAS_ERROR ->
          hca.onSrqEvent(number, AsyncEventType.SRQ_ERR, "its entries or links make no sense");
      default -> {
        // No event that this driver asked for.
      }
    }
    return true;
  }
}
