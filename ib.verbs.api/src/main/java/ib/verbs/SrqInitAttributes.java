// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/**
 * How to make a shared receive queue ({@code struct ibv_srq_init_attr}), and what a query tells of
 * one ({@code struct ibv_srq_attr}).
 *
 * @param maxWr outstanding receives, at least 1
 * @param maxSge scatter-gather elements of a receive, at least 1
 * @param srqLimit when fewer receives than this are left, SRQ_LIMIT_REACHED comes once; 0 = never
 */
public record SrqInitAttributes(int maxWr, int maxSge, int srqLimit) {
  /** Refuses sizes below 1 and a limit that can't be reached. */
  public SrqInitAttributes {
    if (maxWr < 1 || maxSge < 1 || srqLimit < 0 || srqLimit > maxWr) {
      throw new IllegalArgumentException(
          "shared receive queue of "
              + maxWr
              + "x"
              + maxSge
              + " with limit "
              + srqLimit
              + ": sizes must be 1 or more, the limit 0 to "
              + maxWr);
    }
  }
}
