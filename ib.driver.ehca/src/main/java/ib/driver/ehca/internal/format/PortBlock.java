// SPDX-License-Identifier: Apache-2.0
package ib.driver.ehca.internal.format;

/** Answer of {@link Hcall#H_QUERY_PORT}, words of 8 bytes. */
public final class PortBlock {
  /** 1 while the port is up. */
  public static final int UP = 0;

  /** Largest path MTU in bytes. */
  public static final int MTU_BYTES = 8;

  /** Bytes of the block. */
  public static final int BYTES = 16;

  private PortBlock() {}
}
