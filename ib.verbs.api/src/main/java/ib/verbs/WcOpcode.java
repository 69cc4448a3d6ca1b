// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** What a completion is about ({@code enum ibv_wc_opcode}, {@code IB_WC_REG_MR} of the kernel). */
public enum WcOpcode {
  /** A SEND of ours was acknowledged. */
  SEND,
  /** An RDMA WRITE of ours was acknowledged. */
  RDMA_WRITE,
  /** An RDMA READ of ours has its data. */
  RDMA_READ,
  /** A compare-and-swap has its answer. */
  COMP_SWAP,
  /** A fetch-and-add has its answer. */
  FETCH_ADD,
  /** A memory window was bound. */
  BIND_MW,
  /** A key of ours was made invalid. */
  LOCAL_INV,
  /** A FLUSH of ours was done. */
  FLUSH,
  /** An ATOMIC WRITE of ours was done. */
  ATOMIC_WRITE,
  /** A fast registration is valid. */
  REG_MR,
  /** A SEND arrived. */
  RECV,
  /** An RDMA WRITE with immediate data arrived. */
  RECV_RDMA_WITH_IMM;

  /**
   * Whether it is about data that we wrote into the peer's memory.
   *
   * @return true for RDMA WRITE and ATOMIC WRITE
   */
  public boolean isWrite() {
    return this == RDMA_WRITE || this == ATOMIC_WRITE;
  }
}
