// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** Answer of {@link Hcall#H_QUERY_HCA}: limits, one word of 8 bytes each. */
public final class HcaBlock {
  /** Node GUID. */
  public static final int NODE_GUID = 0;

  /** Queue pairs. */
  public static final int MAX_QP = 8;

  /** Entries of a work queue. */
  public static final int MAX_QP_WR = 16;

  /** Data segments of an entry. */
  public static final int MAX_SGE = 24;

  /** Completion queues. */
  public static final int MAX_CQ = 32;

  /** Entries of a completion queue. */
  public static final int MAX_CQE = 40;

  /** Memory regions. */
  public static final int MAX_MR = 48;

  /** READs outstanding. */
  public static final int MAX_RD_ATOMIC = 56;

  /** Pages of a region. */
  public static final int MAX_MR_PAGES = 64;

  /** Shared receive queues. */
  public static final int MAX_SRQ = 72;

  /** Entries of a shared receive queue. */
  public static final int MAX_SRQ_WR = 80;

  /** Data segments of its entries. */
  public static final int MAX_SRQ_SGE = 88;

  /** Multicast groups. */
  public static final int MAX_MCAST_GRP = 96;

  /** Queue pairs of a group. */
  public static final int MAX_MCAST_QP = 104;

  /** Memory windows. */
  public static final int MAX_MW = 112;

  /** Bytes of the block. */
  public static final int BYTES = 120;

  private HcaBlock() {}
}
