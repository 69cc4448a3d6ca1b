// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.SendWqe;
import ib.transport.wire.Aeth;
import ib.transport.wire.Opcode;

/**
 * Answers with data, as a requester takes them: whether a packet can be the answer to a part of an
 * entry, and where its bytes go (specification 9.7.5.1 and 9.9.2).
 */
final class RcAnswerCheck {
  private final RcQp qp;

  RcAnswerCheck(RcQp qp) {
    this.qp = qp;
  }

  /**
   * Whether a packet can be the answer. FIRST, MIDDLE, LAST or ONLY of a READ says nothing: a
   * responder may answer what is asked again with any of them.
   *
   * @param part which packet of the entry's answers, from 0
   */
  boolean fits(Inbound packet, SendWqe wqe, int part) {
    if (Opcode.hasAeth(packet.opcode) && !Aeth.isAck(packet.aethSyndrome())) {
      return false;
    }
    return switch (wqe.opcode()) {
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD -> packet.opcode == Opcode.ATOMIC_ACK;
      case RDMA_READ ->
          packet.opcode != Opcode.ATOMIC_ACK && packet.payloadBytes == readBytes(wqe, part);
      default -> packet.opcode == Opcode.READ_RESPONSE_ONLY && packet.payloadBytes == 0;
    };
  }

  private int readBytes(SendWqe wqe, int part) {
    return (int) Math.min(qp.mtu, wqe.totalBytes() - (long) part * qp.mtu);
  }

  /** Writes an answer that fits to the elements of its entry. */
  MemoryStatus take(Inbound packet, SendWqe wqe, int part) {
    return switch (wqe.opcode()) {
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD ->
          qp.core.mover.scatterWord(qp.backend, wqe, packet.atomicOriginal());
      case RDMA_READ ->
          qp.core.mover.scatter(
              qp.backend,
              wqe,
              (long) part * qp.mtu,
              packet.payloadBytes,
              packet.segment,
              packet.payloadOffset);
      default -> MemoryStatus.OK;
    };
  }

  /** For people. */
  static String describe(Inbound packet, SendWqe wqe) {
    return Opcode.name(packet.opcode)
        + " of "
        + packet.payloadBytes
        + " bytes answers "
        + wqe.opcode();
  }
}
