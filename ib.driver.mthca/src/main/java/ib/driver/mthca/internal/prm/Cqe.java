// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;

/** A completion queue entry ({@code struct mthca_cqe} and {@code mthca_err_cqe}), 32 bytes. */
public final class Cqe {
  /** Queue pair. */
  public static final int QPN = 0;

  /** Life of the queue pair since its last RESET (the EE context in the chip). */
  public static final int LIFE = 4;

  /** Sender of a datagram. */
  public static final int REMOTE_QPN = 8;

  /**
   * Number of the shared receive queue that the entry came from, and 1, below its life, see {@link
   * #srqTag}; 0 if from none. Our own: the chip's driver finds it through the queue pair, which may
   * be gone here, as may the shared queue, and its number be another's.
   */
  public static final int SRQN = 12;

  /** Immediate data, or the key that the sender made invalid. */
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
  private static final int ATOMIC_CS = 0x11;
  private static final int ATOMIC_FA = 0x12;
  private static final int ATOMIC_WRITE = 0x13;
  private static final int FLUSH = 0x14;
  private static final int BIND_MW = 0x18;
  private static final int FAST_REG_MR = 0x19;
  private static final int LOCAL_INVAL = 0x1B;
  private static final int SEND_INVAL = 0x0C;

  private Cqe() {}

  /** What {@link #SRQN} holds of a shared receive queue. */
  public static int srqTag(int srqn, int life) {
    return life << 16 | (srqn + 1);
  }

  /** The number in a {@link #srqTag}. */
  public static int srqnOf(int tag) {
    return (tag & 0xFFFF) - 1;
  }

  /**
   * The last word of an entry on success.
   *
   * @param flags bits of {@link WcFlags}
   */
  public static int last(WcOpcode opcode, int flags) {
    return switch (opcode) {
      case SEND -> send(SEND);
      case RDMA_WRITE -> send(WRITE);
      case RDMA_READ -> send(READ);
      case COMP_SWAP -> send(ATOMIC_CS);
      case FETCH_ADD -> send(ATOMIC_FA);
      case ATOMIC_WRITE -> send(ATOMIC_WRITE);
      case FLUSH -> send(FLUSH);
      case BIND_MW -> send(BIND_MW);
      case REG_MR -> send(FAST_REG_MR);
      case LOCAL_INV -> send(LOCAL_INVAL);
      case RECV ->
          switch (flags) {
                case WcFlags.WITH_IMM -> SEND_IMM;
                case WcFlags.WITH_INV -> SEND_INVAL;
                default -> SEND;
              }
              << OPCODE_SHIFT;
      case RECV_RDMA_WITH_IMM -> WRITE_IMM << OPCODE_SHIFT;
    };
  }

  private static int send(int code) {
    return (code << OPCODE_SHIFT) | IS_SEND;
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

  /** Bits of {@link WcFlags}: what the field IMMEDIATE holds. */
  public static int flags(int last) {
    if (isSend(last)) {
      return 0;
    }
    return switch (last >>> OPCODE_SHIFT) {
      case SEND_IMM, WRITE_IMM -> WcFlags.WITH_IMM;
      case SEND_INVAL -> WcFlags.WITH_INV;
      default -> 0;
    };
  }

  /** What a last word of a success says. */
  public static WcOpcode opcode(int last) {
    int code = last >>> OPCODE_SHIFT;
    if (isSend(last)) {
      return switch (code) {
        case WRITE -> WcOpcode.RDMA_WRITE;
        case READ -> WcOpcode.RDMA_READ;
        case ATOMIC_CS -> WcOpcode.COMP_SWAP;
        case ATOMIC_FA -> WcOpcode.FETCH_ADD;
        case ATOMIC_WRITE -> WcOpcode.ATOMIC_WRITE;
        case FLUSH -> WcOpcode.FLUSH;
        case BIND_MW -> WcOpcode.BIND_MW;
        case FAST_REG_MR -> WcOpcode.REG_MR;
        case LOCAL_INVAL -> WcOpcode.LOCAL_INV;
        default -> WcOpcode.SEND;
      };
    }
    return code == WRITE_IMM ? WcOpcode.RECV_RDMA_WITH_IMM : WcOpcode.RECV;
  }
}
