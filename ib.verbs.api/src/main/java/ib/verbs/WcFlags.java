// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

/** Flags of a completion, a bit set ({@code enum ibv_wc_flags}). */
public final class WcFlags {
  /** There is immediate data. */
  public static final int WITH_IMM = 1 << 1;

  /** The sender made a key of ours invalid. */
  public static final int WITH_INV = 1 << 3;

  private WcFlags() {}
}
