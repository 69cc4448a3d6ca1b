// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** An entry of the multicast table ({@code struct mthca_mgm}), 256 bytes. */
public final class Mgm {
  /** GID of the group. */
  public static final int GID = 16;

  /** Queue pairs, a word each: {@link #QP_VALID} and the number; the rest is 0. */
  public static final int QPS = 32;

  /** Bytes of an entry. */
  public static final int BYTES = 256;

  /** Queue pairs of an entry. */
  public static final int MAX_QPS = (BYTES - QPS) / 4;

  /** In a word of QPS: there is a queue pair. */
  public static final int QP_VALID = 1 << 31;

  private Mgm() {}
}
