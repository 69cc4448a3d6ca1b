// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Operation of a send work request ({@code enum ibv_wr_opcode}). */
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
  RDMA_READ;

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
   * @return true for RDMA operations
   */
  public boolean isRdma() {
    return this != SEND && this != SEND_WITH_IMM;
  }

  /**
   * What its completion reports.
   *
   * @return the opcode of the work completion
   */
  public WcOpcode wcOpcode() {
    return switch (this) {
      case RDMA_WRITE, RDMA_WRITE_WITH_IMM -> WcOpcode.RDMA_WRITE;
      case SEND, SEND_WITH_IMM -> WcOpcode.SEND;
      case RDMA_READ -> WcOpcode.RDMA_READ;
    };
  }
}
