// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicAckEth;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Feth;
import ib.transport.wire.Ieth;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.PacketCopy;
import ib.transport.wire.Reth;
import java.lang.foreign.MemorySegment;

/** Prints the transport headers of a packet. */
final class Headers {
  private Headers() {}

  /** Appends opcode, BTH and extended headers of a packet that {@link PacketCopy#check} accepts. */
  static void append(MemorySegment seg, long off, int length, StringBuilder line) {
    int opcode = Bth.opcode(seg, off);
    line.append(
        String.format(
            "%-22s psn=%06x qp=%06x",
            Opcode.name(opcode), Bth.psn(seg, off), Bth.destQp(seg, off)));
    flags(seg, off, line);
    if (Opcode.hasPayload(opcode)) {
      line.append(" len=").append(PacketCopy.payloadLength(seg, off, length));
    }
    long at = off + Bth.LENGTH;
    if (Opcode.hasDeth(opcode)) {
      line.append(String.format(" qkey=%08x srcqp=%06x", Deth.qKey(seg, at), Deth.srcQp(seg, at)));
      at += Deth.LENGTH;
    }
    if (Opcode.hasFeth(opcode)) {
      line.append(String.format(" feth=%08x", Feth.value(seg, at)));
      at += Feth.LENGTH;
    }
    if (Opcode.hasReth(opcode)) {
      line.append(
          String.format(
              " va=%016x rkey=%08x dmalen=%d",
              Reth.va(seg, at), Reth.rKey(seg, at), Reth.dmaLength(seg, at)));
      at += Reth.LENGTH;
    }
    if (Opcode.hasAtomicEth(opcode)) {
      line.append(
          String.format(
              " va=%016x rkey=%08x swap/add=%016x compare=%016x",
              AtomicEth.va(seg, at),
              AtomicEth.rKey(seg, at),
              AtomicEth.swapOrAdd(seg, at),
              AtomicEth.compare(seg, at)));
      at += AtomicEth.LENGTH;
    }
    if (Opcode.hasAeth(opcode)) {
      line.append(" [").append(Aeth.describe(Aeth.syndrome(seg, at))).append(']');
      line.append(" msn=").append(Aeth.msn(seg, at));
      at += Aeth.LENGTH;
    }
    if (Opcode.hasAtomicAckEth(opcode)) {
      line.append(String.format(" original=%016x", AtomicAckEth.original(seg, at)));
      at += AtomicAckEth.LENGTH;
    }
    if (Opcode.hasImm(opcode)) {
      line.append(String.format(" imm=%08x", ImmDt.value(seg, at)));
    } else if (Opcode.hasIeth(opcode)) {
      line.append(String.format(" invalidate=%08x", Ieth.rKey(seg, at)));
    }
  }

  /** P_Key and pad where they are not as usual, and the bits that are set. */
  private static void flags(MemorySegment seg, long off, StringBuilder line) {
    if (Bth.pkey(seg, off) != Bth.DEFAULT_PKEY) {
      line.append(String.format(" pkey=%04x", Bth.pkey(seg, off)));
    }
    if (Bth.padCount(seg, off) != 0) {
      line.append(" pad=").append(Bth.padCount(seg, off));
    }
    line.append(Bth.solicited(seg, off) ? " SE" : "");
    line.append(Bth.ackReq(seg, off) ? " A" : "");
    line.append(Bth.fecn(seg, off) ? " FECN" : "");
    line.append(Bth.becn(seg, off) ? " BECN" : "");
    line.append(Bth.migReq(seg, off) ? " M" : "");
  }
}
