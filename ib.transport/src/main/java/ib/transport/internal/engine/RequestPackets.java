// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.SendWqe;
import ib.transport.wire.Bth;
import ib.transport.wire.Ieth;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import java.lang.foreign.MemorySegment;

/**
 * Makes the packets of a requester of a reliable connection, as often as they are wanted: the same
 * entry and PSN give the same packet (specification 9.4 and 9.6).
 */
final class RequestPackets {
  /** What became of a packet. */
  enum Outcome {
    SENT,
    /** The sink has no room. */
    FULL,
    /** The memory of the entry can't be read. */
    NO_MEMORY
  }

  private final RcQp qp;
  private final EngineCore core;

  RequestPackets(RcQp qp) {
    this.qp = qp;
    core = qp.core;
  }

  /**
   * A packet of a SEND or WRITE.
   *
   * @param packet which of the entry, from 0
   * @param last whether it is the last
   */
  Outcome data(
      PacketSink sink, SendWqe wqe, int packet, boolean last, int psn, boolean acknowledge) {
    long from = (long) packet * qp.mtu;
    int payload = last ? (int) (wqe.totalBytes() - from) : qp.mtu;
    int pad = -payload & 3;
    int opcode = RcOpcodes.of(wqe.opcode(), packet == 0, last);
    int header = Opcode.headerLength(opcode);
    if (!begin(sink, header + payload + pad)) {
      return Outcome.FULL;
    }
    if (core.mover.give(qp.backend, wqe, from, payload, sink, header) != MemoryStatus.OK) {
      return Outcome.NO_MEMORY;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    writeBth(out, at, opcode, last && wqe.solicited(), pad, acknowledge, psn);
    if (Opcode.hasReth(opcode)) {
      Reth.write(out, at + Bth.LENGTH, wqe.remoteAddress(), wqe.rkey(), wqe.totalBytes());
    }
    if (Opcode.hasImm(opcode)) {
      ImmDt.write(out, at + Opcode.lastHeaderOffset(opcode), wqe.immediate());
    } else if (Opcode.hasIeth(opcode)) {
      Ieth.write(out, at + Opcode.lastHeaderOffset(opcode), wqe.key());
    }
    Padding.write(out, at + header + payload, pad);
    sink.commit();
    qp.congestion.sent(header + payload);
    return Outcome.SENT;
  }

  /**
   * A READ request for a part of an entry.
   *
   * @param packet of the responses, from which one on, from 0
   * @param part how many of them
   */
  Outcome read(PacketSink sink, SendWqe wqe, int packet, int part, int psn) {
    if (!begin(sink, Bth.LENGTH + Reth.LENGTH)) {
      return Outcome.FULL;
    }
    long from = (long) packet * qp.mtu;
    long bytes = Math.min((long) part * qp.mtu, wqe.totalBytes() - from);
    MemorySegment out = sink.segment();
    long at = sink.offset();
    writeBth(out, at, Opcode.READ_REQUEST, false, 0, true, psn);
    Reth.write(out, at + Bth.LENGTH, wqe.remoteAddress() + from, wqe.rkey(), bytes);
    sink.commit();
    return Outcome.SENT;
  }

  /** An atomic, ATOMIC WRITE or FLUSH: one packet, answered by one. */
  Outcome answeredByOne(PacketSink sink, SendWqe wqe, int psn) {
    int opcode = RcOpcodes.of(wqe.opcode(), true, true);
    int header = Opcode.headerLength(opcode);
    int payload = ShortRequest.payloadBytes(opcode);
    if (!begin(sink, header + payload)) {
      return Outcome.FULL;
    }
    MemorySegment out = sink.segment();
    long at = sink.offset();
    if (core.mover.gather(qp.backend, wqe, 0, payload, out, at + header) != MemoryStatus.OK) {
      return Outcome.NO_MEMORY;
    }
    writeBth(out, at, opcode, false, 0, true, psn);
    ShortRequest.write(out, at, opcode, wqe);
    sink.commit();
    return Outcome.SENT;
  }

  private boolean begin(PacketSink sink, int bytes) {
    return sink.begin(qp.peerHigh, qp.peerLow, qp.qpn(), bytes);
  }

  private void writeBth(
      MemorySegment out,
      long at,
      int opcode,
      boolean solicited,
      int pad,
      boolean acknowledge,
      int psn) {
    Bth.write(out, at, opcode, solicited, pad, core.options.pkey(), qp.destQpn, acknowledge, psn);
  }
}
