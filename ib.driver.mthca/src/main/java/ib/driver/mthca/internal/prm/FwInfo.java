// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Answer of QUERY_FW. */
public final class FwInfo {
  /** Version of the firmware, 8 bytes. */
  public static final int VERSION = 0x00;

  /** Pages of host memory that the firmware wants, 2 bytes in the real chip, 4 here. */
  public static final int PAGES = 0x10;

  private FwInfo() {}
}
