// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Decodes a whole packet to field values and encodes a new one from them, which shows whether the
 * codec knows all of it: reserved bits and pad bytes are not carried over, so a packet that has any
 * comes out different.
 */
public final class PacketCopy {
  private PacketCopy() {}

  /**
   * Why the bytes can't be a packet of their opcode, or null where headers, pad and length fit.
   *
   * @param length bytes from BTH to the last pad byte
   */
  public static @Nullable String check(MemorySegment seg, long off, int length) {
    if (length < Bth.LENGTH) {
      return length + " bytes: shorter than a BTH";
    }
    int opcode = Bth.opcode(seg, off);
    if (!Opcode.isKnown(opcode)) {
      return "unknown opcode " + Opcode.name(opcode);
    }
    if ((length & 3) != 0) {
      return length + " bytes before the ICRC: not a multiple of four";
    }
    int least = Opcode.headerLength(opcode) + Bth.padCount(seg, off);
    if (length < least) {
      return Opcode.name(opcode) + " of " + length + " bytes: headers and pad have " + least;
    }
    if (!Opcode.hasPayload(opcode) && length > least) {
      return Opcode.name(opcode) + " with payload";
    }
    return null;
  }

  /** Bytes of payload between headers and pad, in a packet that {@link #check} accepts. */
  public static int payloadLength(MemorySegment seg, long off, int length) {
    return length - Opcode.headerLength(Bth.opcode(seg, off)) - Bth.padCount(seg, off);
  }

  /**
   * Encodes the headers of a packet that {@link #check} accepts, and its pad bytes as zeros. A MAD
   * to QP1 is encoded field by field; any other payload is copied as it is.
   *
   * @param length bytes from BTH to the last pad byte; as many are written
   */
  public static void copy(
      MemorySegment from, long fromOff, int length, MemorySegment to, long toOff) {
    to.asSlice(toOff, length).fill((byte) 0);
    headers(from, fromOff, to, toOff);
    int opcode = Bth.opcode(from, fromOff);
    int header = Opcode.headerLength(opcode);
    int payload = payloadLength(from, fromOff, length);
    if (isMad(from, fromOff, length)) {
      mad(from, fromOff + header, to, toOff + header);
    } else {
      MemorySegment.copy(from, fromOff + header, to, toOff + header, payload);
    }
  }

  /** Whether the packet is a MAD to QP1. */
  public static boolean isMad(MemorySegment seg, long off, int length) {
    return Opcode.hasDeth(Bth.opcode(seg, off))
        && Bth.destQp(seg, off) == Mad.GSI_QPN
        && payloadLength(seg, off, length) == Mad.LENGTH;
  }

  private static void headers(MemorySegment from, long fromOff, MemorySegment to, long toOff) {
    int opcode = Bth.opcode(from, fromOff);
    bth(from, fromOff, to, toOff, opcode);
    int at = Bth.LENGTH;
    if (Opcode.hasDeth(opcode)) {
      Deth.write(to, toOff + at, Deth.qKey(from, fromOff + at), Deth.srcQp(from, fromOff + at));
      at += Deth.LENGTH;
    }
    if (Opcode.hasFeth(opcode)) {
      Feth.write(to, toOff + at, Feth.value(from, fromOff + at));
      at += Feth.LENGTH;
    }
    if (Opcode.hasReth(opcode)) {
      long in = fromOff + at;
      Reth.write(to, toOff + at, Reth.va(from, in), Reth.rKey(from, in), Reth.dmaLength(from, in));
      at += Reth.LENGTH;
    }
    if (Opcode.hasAtomicEth(opcode)) {
      atomic(from, fromOff + at, to, toOff + at);
      at += AtomicEth.LENGTH;
    }
    if (Opcode.hasAeth(opcode)) {
      Aeth.write(to, toOff + at, Aeth.syndrome(from, fromOff + at), Aeth.msn(from, fromOff + at));
      at += Aeth.LENGTH;
    }
    if (Opcode.hasAtomicAckEth(opcode)) {
      AtomicAckEth.write(to, toOff + at, AtomicAckEth.original(from, fromOff + at));
      at += AtomicAckEth.LENGTH;
    }
    if (Opcode.hasImm(opcode)) {
      ImmDt.write(to, toOff + at, ImmDt.value(from, fromOff + at));
    } else if (Opcode.hasIeth(opcode)) {
      Ieth.write(to, toOff + at, Ieth.rKey(from, fromOff + at));
    }
  }

  private static void bth(
      MemorySegment from, long fromOff, MemorySegment to, long toOff, int opcode) {
    Bth.write(
        to,
        toOff,
        opcode,
        Bth.solicited(from, fromOff),
        Bth.padCount(from, fromOff),
        Bth.pkey(from, fromOff),
        Bth.destQp(from, fromOff),
        Bth.ackReq(from, fromOff),
        Bth.psn(from, fromOff));
    Bth.migReq(to, toOff, Bth.migReq(from, fromOff));
    Bth.version(to, toOff, Bth.version(from, fromOff));
    Bth.ecnByte(to, toOff, Bth.ecnByte(from, fromOff));
  }

  private static void atomic(MemorySegment from, long in, MemorySegment to, long out) {
    AtomicEth.write(
        to,
        out,
        AtomicEth.va(from, in),
        AtomicEth.rKey(from, in),
        AtomicEth.swapOrAdd(from, in),
        AtomicEth.compare(from, in));
  }

  private static void mad(MemorySegment from, long in, MemorySegment to, long out) {
    Mad.LAYOUT.copyFields(from, in, to, out);
    MadLayout layout = Mad.isCm(from, in, Mad.LENGTH) ? layoutOf(from, in) : null;
    if (layout != null) {
      layout.copyFields(from, in, to, out);
    } else {
      long data = Mad.HEADER_LENGTH;
      MemorySegment.copy(from, in + data, to, out + data, Mad.LENGTH - data);
    }
  }

  private static @Nullable MadLayout layoutOf(MemorySegment seg, long mad) {
    return CmMessage.layout(Mad.ATTRIBUTE_ID.getInt(seg, mad));
  }
}
