// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.verbs.WcOpcode;

/** A completion queue entry ({@code struct mthca_cqe} and {@code mthca_err_cqe}), 32 bytes. */
public final class Cqe {
  /** Queue pair. */
  public static final int QPN = 0;

  /** Life of the queue pair since its last RESET (the EE context in the chip). */
  public static final int LIFE = 4;

  /** Sender of a datagram. */
  public static final int REMOTE_QPN = 8;

  /** Immediate data. */
  public static final int IMMEDIATE = 16;

  /** Error entry: syndrome in the upper byte. */
  public static final int SYNDROME = 16;

  /** Bytes moved. */
  public static final int BYTE_COUNT = 20;

  /** Offset of the work queue entry in its queue. */
  public static final int WQE = 24;

  /** Opcode, is-send, reserved, owner: one byte each; written last. */
  public static final int LAST = 28;

  /** Bytes of an entry. */
  public static final int BYTES = 32;

  /** In LAST: the hardware owns the entry. */
  public static final int OWNER_HW = 0x80;

  /** Opcodes of error entries, without the lowest bit, which is set for sends. */
  public static final int ERROR_MASK = 0xFE;

  private static final int OPCODE_SHIFT = 24;
  private static final int IS_SEND = 1 << 23;
  private static final int WRITE = 0x08;
  private static final int WRITE_IMM = 0x09;
  private static final int SEND = 0x0A;
  private static final int SEND_IMM = 0x0B;
  private static final int READ = 0x10;

  private Cqe() {}

  /** The last word of an entry on success. */
  public static int last(WcOpcode opcode, boolean hasImmediate) {
    return switch (opcode) {
      case SEND -> (SEND << OPCODE_SHIFT) | IS_SEND;
      case RDMA_WRITE -> (WRITE << OPCODE_SHIFT) | IS_SEND;
      case RDMA_READ, COMP_SWAP, FETCH_ADD -> (READ << OPCODE_SHIFT) | IS_SEND;
      case RECV -> (hasImmediate ? SEND_IMM : SEND) << OPCODE_SHIFT;
      case RECV_RDMA_WITH_IMM -> WRITE_IMM << OPCODE_SHIFT;
    };
  }

  /** The last word of an error entry. */
  public static int lastOfError(boolean send) {
    return (ERROR_MASK | (send ? 1 : 0)) << OPCODE_SHIFT;
  }

  /** Whether a last word is of an error entry. */
  public static boolean isError(int last) {
    return (last >>> OPCODE_SHIFT & ERROR_MASK) == ERROR_MASK;
  }

  /** Whether a last word is of a send. */
  public static boolean isSend(int last) {
    return isError(last) ? (last >>> OPCODE_SHIFT & 1) != 0 : (last & IS_SEND) != 0;
  }

  /** Whether there is immediate data. */
  public static boolean hasImmediate(int last) {
    int code = last >>> OPCODE_SHIFT;
    return !isSend(last) && (code == SEND_IMM || code == WRITE_IMM);
  }

  /** What a last word of a success says. */
  public static WcOpcode opcode(int last) {
    int code = last >>> OPCODE_SHIFT;
    if (isSend(last)) {
      return switch (code) {
        case WRITE -> WcOpcode.RDMA_WRITE;
        case READ -> WcOpcode.RDMA_READ;
        default -> WcOpcode.SEND;
      };
    }
    return code == WRITE_IMM ? WcOpcode.RECV_RDMA_WITH_IMM : WcOpcode.RECV;
  }
}
