// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/**
 * Doorbell records ({@code mthca_memfree.h}): 8 bytes in host memory, written before the doorbell
 * register: a counter, then number and type of what it belongs to.
 */
public final class Db {
  /** The counter. */
  public static final int COUNTER = 0;

  /** Number in the upper bits, type from {@link #TYPE_SHIFT}. */
  public static final int OWNER = 4;

  /** Bytes of a record. */
  public static final int BYTES = 8;

  /** Position of the type. */
  public static final int TYPE_SHIFT = 5;

  /** Position of the number. */
  public static final int NUMBER_SHIFT = 8;

  /** Type: consumer index of a completion queue. */
  public static final int CQ_SET_CI = 1;

  /** Type: entries posted to a send queue. */
  public static final int SQ = 2;

  /** Type: entries posted to a receive queue. */
  public static final int RQ = 3;

  /** Type: arms a completion queue. */
  public static final int CQ_ARM = 4;

  /** Type: entries posted to a shared receive queue. */
  public static final int SRQ = 5;

  /**
   * Type: entries of a send queue that are done without a completion entry. Our own: the hardware
   * writes it, so that unsignalled entries are free without a signalled one after them.
   */
  public static final int SQ_DONE = 6;

  private Db() {}

  /** The second word of a record. */
  public static int owner(int number, int type) {
    return (number << NUMBER_SHIFT) | (type << TYPE_SHIFT);
  }
}
