// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.SendWqe;
import ib.transport.wire.AtomicEth;
import ib.transport.wire.Bth;
import ib.transport.wire.Feth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Reth;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;

/** Headers of the requests of one packet that are answered by one: atomics, ATOMIC WRITE, FLUSH. */
final class ShortRequest {
  private ShortRequest() {}

  /** Bytes of payload. */
  static int payloadBytes(int opcode) {
    return Opcode.hasPayload(opcode) ? Long.BYTES : 0;
  }

  /** Writes what follows the BTH, up to the payload. */
  static void write(MemorySegment out, long at, int opcode, SendWqe wqe) {
    long address = wqe.remoteAddress();
    if (wqe.opcode().isAtomic()) {
      boolean swap = wqe.opcode() == WrOpcode.ATOMIC_CMP_AND_SWP;
      long operand = swap ? wqe.swap() : wqe.compareAdd();
      long compare = swap ? wqe.compareAdd() : 0;
      AtomicEth.write(out, at + Bth.LENGTH, address, wqe.rkey(), operand, compare);
      return;
    }
    boolean flush = wqe.opcode() == WrOpcode.FLUSH;
    if (flush) {
      Feth.write(out, at + Bth.LENGTH, wqe.flushType());
    }
    int bytes = flush ? wqe.flushBytes() : payloadBytes(opcode);
    Reth.write(out, at + Opcode.rethOffset(opcode), address, wqe.rkey(), bytes);
  }
}
