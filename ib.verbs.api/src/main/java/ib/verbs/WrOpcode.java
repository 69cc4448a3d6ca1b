// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * Operation of a send work request ({@code enum ibv_wr_opcode}, and {@code IB_WR_REG_MR} of the
 * kernel's verbs). Which queue pair takes which: {@code docs/verbs.md}.
 */
public enum WrOpcode {
  /** RDMA WRITE. */
  RDMA_WRITE,
  /** RDMA WRITE that also consumes a receive and delivers immediate data. */
  RDMA_WRITE_WITH_IMM,
  /** SEND. */
  SEND,
  /** SEND with immediate data. */
  SEND_WITH_IMM,
  /** RDMA READ. */
  RDMA_READ,
  /** Compares eight bytes at the peer and, if they are equal, swaps; gives what was there. */
  ATOMIC_CMP_AND_SWP,
  /** Adds to eight bytes at the peer; gives what was there. */
  ATOMIC_FETCH_AND_ADD,
  /** Makes a key of our own invalid. */
  LOCAL_INV,
  /** Binds a memory window of type 2. */
  BIND_MW,
  /** SEND that also makes a key of the receiver invalid. */
  SEND_WITH_INV,
  /** Makes what was written before visible or persistent at the peer. */
  FLUSH,
  /** Writes eight bytes at the peer at once. */
  ATOMIC_WRITE,
  /** Makes a fast registration valid that {@link FastRegMr#map} has prepared. */
  REG_MR;

  /**
   * Whether the operation carries immediate data.
   *
   * @return true for the two {@code _WITH_IMM}
   */
  public boolean hasImmediate() {
    return this == RDMA_WRITE_WITH_IMM || this == SEND_WITH_IMM;
  }

  /**
   * Whether the operation names remote memory.
   *
   * @return true for RDMA operations, atomics and FLUSH
   */
  public boolean isRdma() {
    return switch (this) {
      case RDMA_WRITE, RDMA_WRITE_WITH_IMM, RDMA_READ -> true;
      case ATOMIC_CMP_AND_SWP, ATOMIC_FETCH_AND_ADD, ATOMIC_WRITE, FLUSH -> true;
      case SEND, SEND_WITH_IMM, SEND_WITH_INV, LOCAL_INV, BIND_MW, REG_MR -> false;
    };
  }

  /**
   * Whether the operation is a SEND.
   *
   * @return true for all that consume a receive and name no remote memory
   */
  public boolean isSend() {
    return this == SEND || this == SEND_WITH_IMM || this == SEND_WITH_INV;
  }

  /**
   * Whether the operation reads and changes eight bytes at the peer and gives what was there.
   *
   * @return true for compare-and-swap and fetch-and-add
   */
  public boolean isAtomic() {
    return this == ATOMIC_CMP_AND_SWP || this == ATOMIC_FETCH_AND_ADD;
  }

  /**
   * Whether the peer answers with more than an acknowledgement, so that the operation counts
   * against {@code max_rd_atomic} and a fence waits for it.
   *
   * @return true for READ, atomics, ATOMIC WRITE and FLUSH
   */
  public boolean isAnswered() {
    return this == RDMA_READ || isAtomic() || this == ATOMIC_WRITE || this == FLUSH;
  }

  /**
   * Whether the operation sends nothing: the device does it in its turn.
   *
   * @return true for {@link #LOCAL_INV}, {@link #BIND_MW}, {@link #REG_MR}
   */
  public boolean isLocal() {
    return this == LOCAL_INV || this == BIND_MW || this == REG_MR;
  }

  /**
   * What its completion reports.
   *
   * @return the opcode of the work completion
   */
  public WcOpcode wcOpcode() {
    return switch (this) {
      case RDMA_WRITE, RDMA_WRITE_WITH_IMM -> WcOpcode.RDMA_WRITE;
      case SEND, SEND_WITH_IMM, SEND_WITH_INV -> WcOpcode.SEND;
      case RDMA_READ -> WcOpcode.RDMA_READ;
      case ATOMIC_CMP_AND_SWP -> WcOpcode.COMP_SWAP;
      case ATOMIC_FETCH_AND_ADD -> WcOpcode.FETCH_ADD;
      case LOCAL_INV -> WcOpcode.LOCAL_INV;
      case BIND_MW -> WcOpcode.BIND_MW;
      case FLUSH -> WcOpcode.FLUSH;
      case ATOMIC_WRITE -> WcOpcode.ATOMIC_WRITE;
      case REG_MR -> WcOpcode.REG_MR;
    };
  }
}
