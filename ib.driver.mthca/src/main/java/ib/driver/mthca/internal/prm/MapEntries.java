// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/**
 * Entries of MAP_FA, MAP_ICM_AUX and MAP_ICM, 16 bytes each: address in the context memory (only
 * MAP_ICM), then bus address with the logarithm of the number of pages in its low bits.
 */
public final class MapEntries {
  /** Bytes of an entry. */
  public static final int BYTES = 16;

  /** Bytes of a page. */
  public static final int PAGE = 4096;

  /** Shift of a page. */
  public static final int PAGE_SHIFT = 12;

  /** Largest logarithm of the number of pages. */
  public static final int MAX_LOG_PAGES = 10;

  /** Most entries of one command. */
  public static final int MAX_ENTRIES = Mailbox.BYTES / BYTES;

  private MapEntries() {}
}
