// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Answer of QUERY_DEV_LIM: what the firmware knows, one word of 4 bytes each (layout our own). */
public final class DevLim {
  /** Queue pairs. */
  public static final int MAX_QP = 0x00;

  /** Entries of a work queue. */
  public static final int MAX_QP_WR = 0x04;

  /** Data segments of an entry. */
  public static final int MAX_SG = 0x08;

  /** Completion queues. */
  public static final int MAX_CQ = 0x0C;

  /** Entries of a completion queue. */
  public static final int MAX_CQE = 0x10;

  /** Entries of the protection table. */
  public static final int MAX_MPT = 0x14;

  /** Entries of the translation table. */
  public static final int MAX_MTT = 0x18;

  /** Protection domains. */
  public static final int MAX_PD = 0x1C;

  /** READs outstanding at a queue pair. */
  public static final int MAX_RD_ATOM = 0x20;

  /** Entries of the event queue that never overrun. */
  public static final int EQ_ENTRIES = 0x24;

  /** Largest path MTU of the port in bytes. */
  public static final int MTU_BYTES = 0x28;

  /** Shared receive queues. */
  public static final int MAX_SRQ = 0x2C;

  /** Entries of a shared receive queue. */
  public static final int MAX_SRQ_WR = 0x30;

  /** Data segments of an entry of a shared receive queue. */
  public static final int MAX_SRQ_SG = 0x34;

  /** Multicast groups. */
  public static final int MAX_MCG = 0x38;

  /** Queue pairs of a multicast group. */
  public static final int MAX_QP_PER_MCG = 0x3C;

  private DevLim() {}
}
