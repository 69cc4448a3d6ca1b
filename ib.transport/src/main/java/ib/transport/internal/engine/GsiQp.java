// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.Gsi;
import ib.transport.GsiHandler;
import ib.transport.PortCounter;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.QpType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** QP1: management datagrams, in and out, over a bounded queue. */
final class GsiQp extends EngineQp implements Gsi {
  /** Its number, and that of every peer's. */
  static final int QPN = 1;

  /** The well-known Q_Key of QP1. */
  static final int QKEY = 0x8001_0000;

  /** MADs that wait; the connection manager sends few and repeats what gets lost. */
  private static final int SLOTS = 256;

  private static final int HEADER = Bth.LENGTH + Deth.LENGTH;

  private final MemorySegment mads = Arena.ofAuto().allocate((long) SLOTS * MAD_BYTES, 64);
  private final long[] destHigh = new long[SLOTS];
  private final long[] destLow = new long[SLOTS];
  private int head;
  private int tail;
  private int psn;
  private @Nullable GsiHandler handler;

  GsiQp(EngineCore core) {
    super(core, QPN);
  }

  @Override
  QpType serviceType() {
    return QpType.UD;
  }

  @Override
  public boolean send(long high, long low, MemorySegment mad, long offset) {
    if (tail - head == SLOTS) {
      return false;
    }
    int slot = tail & (SLOTS - 1);
    MemorySegment.copy(mad, offset, mads, (long) slot * MAD_BYTES, MAD_BYTES);
    destHigh[slot] = high;
    destLow[slot] = low;
    tail++;
    core.ready.addLast(this);
    return true;
  }

  @Override
  public void setHandler(@Nullable GsiHandler newHandler) {
    handler = newHandler;
  }

  /** What a queue pair heard of its peer concerns who manages connections. */
  void onFirstPacket(int connectedQpn) {
    GsiHandler to = handler;
    if (to != null) {
      to.onFirstPacket(connectedQpn);
    }
  }

  @Override
  boolean takesNotifications() {
    return false;
  }

  @Override
  void onPacket(Inbound packet) {
    GsiHandler to = handler;
    if (packet.opcode != Opcode.UD_SEND_ONLY) {
      core.counters.add(PortCounter.DROPPED_OPCODE);
    } else if (packet.dethQkey() != QKEY) {
      core.counters.add(PortCounter.DROPPED_QKEY);
    } else if (packet.payloadBytes < MAD_BYTES) {
      core.counters.add(PortCounter.DROPPED_SHORT);
    } else if (packet.payloadBytes > MAD_BYTES) {
      core.counters.add(PortCounter.DROPPED_UD_TOO_LONG);
    } else if (to == null) {
      core.counters.add(PortCounter.DROPPED_UD_NO_RECV);
    } else {
      core.counters.add(PortCounter.RCVD_PKTS);
      to.onMad(
          packet.sourceHigh,
          packet.sourceLow,
          packet.dethSourceQpn(),
          packet.segment,
          packet.payloadOffset,
          packet.payloadBytes);
    }
  }

  @Override
  int transmit(PacketSink sink, int budget) {
    int sent = 0;
    while (sent < budget && head != tail) {
      int slot = head & (SLOTS - 1);
      if (!sink.begin(destHigh[slot], destLow[slot], QPN, HEADER + MAD_BYTES)) {
        core.sinkFull = true;
        break;
      }
      MemorySegment out = sink.segment();
      long at = sink.offset();
      Bth.write(out, at, Opcode.UD_SEND_ONLY, false, 0, core.options.pkey(), QPN, false, psn);
      Deth.write(out, at + Bth.LENGTH, QKEY, QPN);
      MemorySegment.copy(mads, (long) slot * MAD_BYTES, out, at + HEADER, MAD_BYTES);
      sink.commit();
      psn = Psn.next(psn);
      head++;
      sent++;
    }
    return sent;
  }

  @Override
  boolean wantsTurn() {
    return head != tail;
  }

  @Override
  void onTimer() {
    // QP1 never sets a deadline: the connection manager repeats what gets no answer.
  }
}
