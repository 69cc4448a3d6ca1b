// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Input of INIT_HCA: where the tables lie in the context memory (layout our own). */
public final class HcaParams {
  /** Address of the protection table, 8 bytes. */
  public static final int MPT_BASE = 0x00;

  /** Entries of the protection table. */
  public static final int MPT_ENTRIES = 0x08;

  /** Address of the translation table, 8 bytes. */
  public static final int MTT_BASE = 0x10;

  /** Entries of the translation table. */
  public static final int MTT_ENTRIES = 0x18;

  /** Address of the doorbell records (UAR context), 8 bytes. */
  public static final int UARC_BASE = 0x20;

  /** Doorbell records. */
  public static final int UARC_ENTRIES = 0x28;

  /** Bytes. */
  public static final int BYTES = 0x30;

  private HcaParams() {}
}
