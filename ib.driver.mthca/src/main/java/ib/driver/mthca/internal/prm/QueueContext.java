// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Context of a completion or event queue (fields of the chip's contexts, layout our own). */
public final class QueueContext {
  /** Index of the first translation of the ring. */
  public static final int MTT_INDEX = 0;

  /** Logarithm of the number of entries. */
  public static final int LOG_ENTRIES = 4;

  /** Completion queue: doorbell record of the consumer index. */
  public static final int CI_RECORD = 8;

  /** Completion queue: doorbell record for arming. */
  public static final int ARM_RECORD = 12;

  /** Bytes. */
  public static final int BYTES = 16;

  private QueueContext() {}
}
