// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Aeth;
import ib.transport.wire.AtomicAckEth;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Deth;
import ib.transport.wire.Feth;
import ib.transport.wire.ImmDt;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.verbs.WcFlags;
import java.lang.foreign.MemorySegment;

/** One received packet, with the fields that every queue pair looks at taken out. Reused. */
final class Inbound {
  MemorySegment segment = MemorySegment.NULL;
  long offset;
  int opcode;
  int destQp;
  int pkey;
  int psn;
  boolean ackReq;
  boolean solicited;
  long payloadOffset;
  int payloadBytes;
  long sourceHigh;
  long sourceLow;
  long destHigh;
  long destLow;
  int ipId;

  /** IPv4 TOS or IPv6 traffic class; 0 where the port does not see it. */
  int trafficClass;

  /**
   * Takes the fields out of a packet whose opcode is known.
   *
   * @param lengthBytes BTH to ICRC
   * @return false if it is shorter than its headers and pad, or has a payload it must not have
   */
  boolean parse(MemorySegment seg, long off, int lengthBytes, int icrcBytes) {
    segment = seg;
    offset = off;
    opcode = Bth.opcode(seg, off);
    destQp = Bth.destQp(seg, off);
    pkey = Bth.pkey(seg, off);
    psn = Bth.psn(seg, off);
    ackReq = Bth.ackReq(seg, off);
    solicited = Bth.solicited(seg, off);
    int header = Opcode.headerLength(opcode);
    payloadOffset = off + header;
    payloadBytes = lengthBytes - icrcBytes - header - Bth.padCount(seg, off);
    return payloadBytes == 0 || (payloadBytes > 0 && Opcode.hasPayload(opcode));
  }

  /** Whether the payload is as long as the packet's place in its message wants it. */
  boolean fitsMtu(int mtu) {
    if (Opcode.isEnd(opcode)) {
      return payloadBytes <= mtu && (payloadBytes > 0 || Opcode.isOnly(opcode));
    }
    return payloadBytes == mtu;
  }

  int aethSyndrome() {
    return Aeth.syndrome(segment, offset + Bth.LENGTH);
  }

  long rethVa() {
    return Reth.va(segment, offset + Opcode.rethOffset(opcode));
  }

  int rethKey() {
    return Reth.rKey(segment, offset + Opcode.rethOffset(opcode));
  }

  long rethLength() {
    return Reth.dmaLength(segment, offset + Opcode.rethOffset(opcode));
  }

  int feth() {
    return Feth.value(segment, offset + Bth.LENGTH);
  }

  long atomicVa() {
    return AtomicEth.va(segment, offset + Bth.LENGTH);
  }

  int atomicKey() {
    return AtomicEth.rKey(segment, offset + Bth.LENGTH);
  }

  long atomicSwapOrAdd() {
    return AtomicEth.swapOrAdd(segment, offset + Bth.LENGTH);
  }

  long atomicCompare() {
    return AtomicEth.compare(segment, offset + Bth.LENGTH);
  }

  long atomicOriginal() {
    return AtomicAckEth.original(segment, offset + Bth.LENGTH + Aeth.LENGTH);
  }

  int dethQkey() {
    return Deth.qKey(segment, offset + Bth.LENGTH);
  }

  int dethSourceQpn() {
    return Deth.srcQp(segment, offset + Bth.LENGTH);
  }

  /** Bits of {@link WcFlags}: what the last header holds. */
  int wcFlags() {
    return Opcode.hasImm(opcode) ? WcFlags.WITH_IMM : Opcode.hasIeth(opcode) ? WcFlags.WITH_INV : 0;
  }

  /** Immediate data or the key to invalidate, 4 bytes each; 0 if there is neither. */
  int immediateOrKey() {
    return wcFlags() == 0 ? 0 : ImmDt.value(segment, offset + Opcode.lastHeaderOffset(opcode));
  }
}
