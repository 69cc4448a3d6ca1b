// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

import ib.verbs.WrOpcode;
import org.jspecify.annotations.Nullable;

/**
 * Work queue entries ({@code mthca_wqe.h}; for what this chip's successors added, the codes of
 * {@code mlx4/qp.h}, and two of our own for ATOMIC WRITE and FLUSH). An entry begins with a next
 * segment; operation and size of an entry stand in the next segment of the one <em>before</em> it
 * in the ring, which is how the hardware chains.
 */
public final class Wqe {
  /** Next segment: address of the next entry in the queue, its opcode in the low 5 bits. */
  public static final int NDA_OP = 0;

  /** Next segment: doorbell bit 7, fence of the next bit 6, its size in units of 16 bytes. */
  public static final int EE_NDS = 4;

  /** Next segment: flags of this entry. */
  public static final int FLAGS = 8;

  /** Next segment: immediate data of this entry, or the key that it makes invalid. */
  public static final int IMMEDIATE = 12;

  /** Bytes of the next segment. */
  public static final int NEXT_BYTES = 16;

  /** Unit of sizes. */
  public static final int UNIT = 16;

  /** Mask of the opcode in NDA_OP. */
  public static final int OPCODE_MASK = 0x1F;

  /** Doorbell bit in EE_NDS. */
  public static final int NEXT_DBD = 1 << 7;

  /** Fence bit in EE_NDS. */
  public static final int NEXT_FENCE = 1 << 6;

  /** Size in EE_NDS. */
  public static final int SIZE_MASK = 0x3F;

  /** Flag: write a completion entry. */
  public static final int CQ_UPDATE = 1 << 3;

  /** Flag: solicited event at the receiver. */
  public static final int SOLICIT = 1 << 1;

  /** Remote address segment: address 8, rkey 4, reserved 4. */
  public static final int RADDR_BYTES = 16;

  /** Remote address segment: offset of the key. */
  public static final int RADDR_KEY = 8;

  /** UD segment: address vector 32, of which the GID is the second half. */
  public static final int UD_GID = 16;

  /** UD segment: destination queue pair. */
  public static final int UD_QPN = 32;

  /** UD segment: Q_Key. */
  public static final int UD_QKEY = 36;

  /** Bytes of the UD segment. */
  public static final int UD_BYTES = 48;

  /** Data segment: byte count 4, lkey 4, address 8. */
  public static final int DATA_BYTES = 16;

  /** Data segment: offset of the key. */
  public static final int DATA_KEY = 4;

  /** Data segment: offset of the address. */
  public static final int DATA_ADDRESS = 8;

  /** Atomic segment, behind a remote address: swap or add 8, compare 8. */
  public static final int ATOMIC_BYTES = 16;

  /** Atomic segment: offset of the value to compare with. */
  public static final int ATOMIC_COMPARE = 8;

  /** FLUSH segment, behind a remote address: type 4, bytes 4, reserved 8. */
  public static final int FLUSH_BYTES = 16;

  /** FLUSH segment: offset of the bytes. */
  public static final int FLUSH_LENGTH = 4;

  /** Registration and bind segment: rights 4, key 4, new key 4, lkey 4, address 8, length 8. */
  public static final int KEY_BYTES = 32;

  /** Registration and bind segment: offset of the new lkey, or of a window's key so far. */
  public static final int KEY_OLD = 4;

  /** Registration and bind segment: offset of the new rkey. */
  public static final int KEY_NEW = 8;

  /** Bind segment: offset of the region's lkey. */
  public static final int KEY_REGION = 12;

  /** Registration and bind segment: offset of the address. */
  public static final int KEY_ADDRESS = 16;

  /** Registration and bind segment: offset of the length. */
  public static final int KEY_LENGTH = 24;

  /** Inline segment: byte count 4 with the top bit set, then the data. */
  public static final int INLINE = 1 << 31;

  /** Inline segment: bytes before the data. */
  public static final int INLINE_HEAD_BYTES = 4;

  /** The key that ends the list of a receive entry that is not full. */
  public static final int INVALID_LKEY = 0x100;

  /** Largest size of an entry. */
  public static final int MAX_BYTES = SIZE_MASK * UNIT;

  private static final int RDMA_WRITE = 0x08;
  private static final int RDMA_WRITE_IMM = 0x09;
  private static final int SEND = 0x0A;
  private static final int SEND_IMM = 0x0B;
  private static final int RDMA_READ = 0x10;
  private static final int ATOMIC_CS = 0x11;
  private static final int ATOMIC_FA = 0x12;
  private static final int ATOMIC_WRITE = 0x13;
  private static final int FLUSH = 0x14;
  private static final int SEND_INVAL = 0x01;
  private static final int BIND_MW = 0x18;
  private static final int FAST_REG_MR = 0x19;
  private static final int LOCAL_INVAL = 0x1B;

  private Wqe() {}

  /** Code of an operation. */
  public static int code(WrOpcode opcode) {
    return switch (opcode) {
      case RDMA_WRITE -> RDMA_WRITE;
      case RDMA_WRITE_WITH_IMM -> RDMA_WRITE_IMM;
      case SEND -> SEND;
      case SEND_WITH_IMM -> SEND_IMM;
      case RDMA_READ -> RDMA_READ;
      case ATOMIC_CMP_AND_SWP -> ATOMIC_CS;
      case ATOMIC_FETCH_AND_ADD -> ATOMIC_FA;
      case ATOMIC_WRITE -> ATOMIC_WRITE;
      case FLUSH -> FLUSH;
      case SEND_WITH_INV -> SEND_INVAL;
      case BIND_MW -> BIND_MW;
      case REG_MR -> FAST_REG_MR;
      case LOCAL_INV -> LOCAL_INVAL;
    };
  }

  /** Operation of a code, or null. */
  public static @Nullable WrOpcode opcode(int code) {
    return switch (code) {
      case RDMA_WRITE -> WrOpcode.RDMA_WRITE;
      case RDMA_WRITE_IMM -> WrOpcode.RDMA_WRITE_WITH_IMM;
      case SEND -> WrOpcode.SEND;
      case SEND_IMM -> WrOpcode.SEND_WITH_IMM;
      case RDMA_READ -> WrOpcode.RDMA_READ;
      case ATOMIC_CS -> WrOpcode.ATOMIC_CMP_AND_SWP;
      case ATOMIC_FA -> WrOpcode.ATOMIC_FETCH_AND_ADD;
      case ATOMIC_WRITE -> WrOpcode.ATOMIC_WRITE;
      case FLUSH -> WrOpcode.FLUSH;
      case SEND_INVAL -> WrOpcode.SEND_WITH_INV;
      case BIND_MW -> WrOpcode.BIND_MW;
      case FAST_REG_MR -> WrOpcode.REG_MR;
      case LOCAL_INVAL -> WrOpcode.LOCAL_INV;
      default -> null;
    };
  }
}
