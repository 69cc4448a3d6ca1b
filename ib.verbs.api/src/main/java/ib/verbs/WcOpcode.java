// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** What a completion is about ({@code enum ibv_wc_opcode}). */
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
  /** A SEND arrived. */
  RECV,
  /** An RDMA WRITE with immediate data arrived. */
  RECV_RDMA_WITH_IMM
}
