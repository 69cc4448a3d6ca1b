// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Aeth;
import ib.transport.wire.Bth;
import ib.transport.wire.Opcode;
import java.lang.foreign.MemorySegment;

/** A packet on the simulated network: BTH to ICRC. */
record SimPacket(long sourceLow, long destLow, int ipId, byte[] bytes) {
  /** UDP source port of all simulated hosts. */
  static final int SOURCE_PORT = 0xC000;

  MemorySegment segment() {
    return MemorySegment.ofArray(bytes);
  }

  int opcode() {
    return Bth.opcode(segment(), 0);
  }

  int psn() {
    return Bth.psn(segment(), 0);
  }

  boolean ackReq() {
    return Bth.ackReq(segment(), 0);
  }

  int syndrome() {
    return Aeth.syndrome(segment(), Bth.LENGTH);
  }

  @Override
  public String toString() {
    return Opcode.name(opcode()) + " psn " + psn() + " " + bytes.length + " bytes";
  }
}
