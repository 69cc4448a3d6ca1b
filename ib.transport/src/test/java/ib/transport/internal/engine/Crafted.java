// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Bth;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/** A packet made by hand, with a right ICRC unless it is spoiled afterwards. */
final class Crafted {
  private final byte[] bytes;
  private final MemorySegment segment;

  private Crafted(int length) {
    bytes = new byte[length];
    segment = MemorySegment.ofArray(bytes);
  }

  /** A packet with zeroes as extended headers and payload. */
  static Crafted request(int opcode, int destQp, int psn, int payloadBytes) {
    int pad = -payloadBytes & 3;
    Crafted packet = new Crafted(Opcode.headerLength(opcode) + payloadBytes + pad + Icrc.LENGTH);
    Bth.write(
        packet.segment, 0, opcode, false, pad, Bth.DEFAULT_PKEY, destQp, false, psn & 0xFF_FFFF);
    return packet;
  }

  static Crafted copyOf(SimPacket packet) {
    Crafted copy = new Crafted(packet.bytes().length);
    System.arraycopy(packet.bytes(), 0, copy.bytes, 0, copy.bytes.length);
    return copy;
  }

  Crafted reth(long va, int key, long length) {
    Reth.write(segment, Bth.LENGTH, va, key, length);
    return this;
  }

  Crafted ackReq() {
    Bth.ackReq(segment, 0, true);
    return this;
  }

  Crafted with(Consumer<MemorySegment> change) {
    change.accept(segment);
    return this;
  }

  SimPacket from(long sourceLow, long destLow) {
    IcrcFlow flow = IcrcFlow.ipv4();
    flow.ipv4Addresses((int) sourceLow, (int) destLow);
    flow.sourcePort(SimPacket.SOURCE_PORT);
    new Icrc().append(flow, 7, segment, 0, bytes.length - Icrc.LENGTH);
    return new SimPacket(sourceLow, destLow, 7, bytes);
  }

  /** To host B, as if A had sent it. */
  void deliver(Pair pair) {
    pair.b.receive(from(pair.a.low, pair.b.low), false, pair.nowNs);
  }

  /** To host A, as if B had sent it. */
  void deliverToA(Pair pair) {
    pair.a.receive(from(pair.b.low, pair.a.low), false, pair.nowNs);
  }
}
