// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Opcode;
import ib.verbs.WrOpcode;

/** The opcode of a SEND or WRITE packet by its place in the message. */
final class RcOpcodes {
  private RcOpcodes() {}

  static int of(WrOpcode operation, boolean first, boolean last) {
    return switch (operation) {
      case SEND ->
          pick(
              first,
              last,
              Opcode.SEND_FIRST,
              Opcode.SEND_MIDDLE,
              Opcode.SEND_LAST,
              Opcode.SEND_ONLY);
      case SEND_WITH_IMM ->
          pick(
              first,
              last,
              Opcode.SEND_FIRST,
              Opcode.SEND_MIDDLE,
              Opcode.SEND_LAST_IMM,
              Opcode.SEND_ONLY_IMM);
      case RDMA_WRITE ->
          pick(
              first,
              last,
              Opcode.WRITE_FIRST,
              Opcode.WRITE_MIDDLE,
              Opcode.WRITE_LAST,
              Opcode.WRITE_ONLY);
      case RDMA_WRITE_WITH_IMM ->
          pick(
              first,
              last,
              Opcode.WRITE_FIRST,
              Opcode.WRITE_MIDDLE,
              Opcode.WRITE_LAST_IMM,
              Opcode.WRITE_ONLY_IMM);
      case SEND_WITH_INV ->
          pick(
              first,
              last,
              Opcode.SEND_FIRST,
              Opcode.SEND_MIDDLE,
              Opcode.SEND_LAST_INV,
              Opcode.SEND_ONLY_INV);
      case RDMA_READ -> Opcode.READ_REQUEST;
      case ATOMIC_CMP_AND_SWP -> Opcode.COMPARE_SWAP;
      case ATOMIC_FETCH_AND_ADD -> Opcode.FETCH_ADD;
      case ATOMIC_WRITE -> Opcode.ATOMIC_WRITE;
      case FLUSH -> Opcode.FLUSH;
      case LOCAL_INV, BIND_MW, REG_MR ->
          throw new IllegalArgumentException(operation + " has no packets");
    };
  }

  /** The opcode of a READ response packet. */
  static int readResponse(boolean first, boolean last) {
    return pick(
        first,
        last,
        Opcode.READ_RESPONSE_FIRST,
        Opcode.READ_RESPONSE_MIDDLE,
        Opcode.READ_RESPONSE_LAST,
        Opcode.READ_RESPONSE_ONLY);
  }

  private static int pick(
      boolean isFirst, boolean isLast, int first, int middle, int last, int only) {
    if (isFirst) {
      return isLast ? only : first;
    }
    return isLast ? last : middle;
  }
}
