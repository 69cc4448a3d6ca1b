// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/**
 * Context of a shared receive queue ({@code struct mthca_arbel_srq_context}, layout our own). The
 * entries are linked: the next segment of each names the one that is posted after it, as entries
 * are free again in any order.
 */
public final class SrqContext {
  /** Index of the first translation of the ring. */
  public static final int MTT_INDEX = 0;

  /** Logarithm of entries, then of the stride, in a byte each. */
  public static final int SHAPE = 4;

  /** Doorbell record of entries posted. */
  public static final int RECORD = 8;

  /** Limit that is armed, 0 for none; in the answer of QUERY_SRQ. */
  public static final int LIMIT = 12;

  /**
   * Tells the queue from others that had its number before, in the lower 16 bits. Our own, as is
   * the field of the completion entry that it comes back in.
   */
  public static final int LIFE = 16;

  /** In the link of an entry: it is one. */
  public static final int LINK_VALID = 1;

  private SrqContext() {}
}
